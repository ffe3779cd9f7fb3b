//! What every [`ObjectStore`] has to do, tried with the requests that clients would send.
//!
//! ```text
//! straightway_testing::object_store_contract!(subject, [
//!     (of_a_part_sent_many_times_the_last_one_counts, "why this store differs, and why that is harmless"),
//! ]);
//! ```
//! makes one test of each case. `subject` is an `async fn() -> Option<Subject>`; `None` skips. A case that is listed
//! as different must fail: when it passes, the difference is gone and the line has to go too.

#![expect(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "cases are tests: their names say what they try, and they fail by panicking"
)]

pub mod complete;
pub mod deletes;
pub mod downloads;
pub mod multiparts;
pub mod parts;
pub mod puts;
pub mod reads;
mod subject;

pub use subject::Subject;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

#[cfg(doc)]
use straightway_core::ObjectStore;

/// A case that this store is known to fail, with the reason.
pub type Difference = (&'static str, &'static str);

/// Runs one case; called by [`object_store_contract`](crate::object_store_contract).
///
/// # Panics
/// When the store breaks the contract, or keeps it where it is said to differ.
pub async fn run(subject: Option<Subject>, name: &str, case: impl AsyncFnOnce(&Subject), differences: &[Difference]) {
    let Some(subject) = subject else { return };
    let Some((_, reason)) = differences.iter().find(|(different, _)| *different == name) else {
        return case(&subject).await;
    };
    let outcome = AssertUnwindSafe(case(&subject)).catch_unwind().await;
    assert!(outcome.is_err(), "{name} passes now: it is no longer true that {reason:?}");
}

/// One test for each case of the contract.
#[macro_export]
macro_rules! object_store_contract {
    ($subject:path, [$(($different:ident, $reason:literal)),* $(,)?]) => {
        const DIFFERENCES: &[$crate::object_store::Difference] = &[$((stringify!($different), $reason)),*];

        $crate::object_store_contract!(@cases $subject,
            puts::a_put_of_the_right_bytes_is_stored,
            puts::an_empty_put_is_stored,
            puts::a_put_without_a_leaf_hash_is_stored,
            puts::a_put_of_other_bytes_is_refused,
            puts::a_longer_body_is_refused,
            puts::a_shorter_body_is_refused,
            puts::an_expired_put_is_refused,
            puts::an_altered_signed_header_is_refused,
            puts::a_missing_signed_header_is_refused,
            puts::an_unsigned_amz_header_is_refused,
            puts::headers_of_the_clients_own_are_refused_or_show,
            puts::a_second_put_is_refused,
            puts::of_many_puts_at_once_exactly_one_wins,
            puts::a_url_works_for_its_own_key_only,
            puts::a_url_works_for_its_own_method_only,
            puts::clients_are_never_told_to_send_a_length_or_a_host,
            parts::parts_are_listed_in_order_with_their_sizes,
            parts::listed_leaf_hashes_are_those_of_the_parts,
            parts::a_part_of_other_bytes_is_refused,
            parts::a_longer_or_shorter_part_is_refused,
            parts::an_expired_part_is_refused,
            parts::a_part_url_works_for_its_own_number_only,
            parts::a_part_sent_twice_is_listed_once,
            parts::of_a_part_sent_many_times_the_last_one_counts,
            parts::more_than_a_page_of_parts_is_listed_whole,
            complete::a_completed_upload_is_an_object,
            complete::a_store_that_vouches_returns_the_content_hash,
            complete::there_is_no_object_before_complete,
            complete::one_part_can_be_completed,
            complete::completing_again_says_done_again,
            complete::completing_an_aborted_upload_says_there_is_none,
            complete::parts_may_be_given_in_any_order,
            complete::a_wrong_leaf_hash_is_refused_and_the_upload_survives,
            complete::a_part_that_was_never_sent_is_refused_and_the_upload_survives,
            complete::a_wrong_size_is_refused_and_the_upload_survives,
            complete::a_small_part_before_the_last_is_refused,
            complete::a_part_can_no_longer_be_sent_afterwards,
            multiparts::an_unknown_upload_lists_nothing,
            multiparts::an_aborted_upload_is_unknown,
            multiparts::aborting_again_changes_nothing,
            multiparts::a_part_of_an_aborted_upload_is_refused,
            multiparts::uploads_are_found_by_exactly_their_key,
            reads::an_absent_object_has_no_head,
            reads::ranges_are_read_exactly,
            reads::an_empty_range_is_read_as_nothing,
            reads::reading_another_version_says_changed,
            reads::reading_an_absent_object_says_not_found,
            reads::reading_beyond_the_end_is_an_error,
            downloads::a_download_answers_with_the_headers_of_its_url,
            downloads::a_download_can_be_asked_for_in_ranges,
            downloads::an_altered_response_header_is_refused,
            downloads::an_expired_download_is_refused,
            deletes::a_deleted_object_is_absent,
            deletes::deleting_again_changes_nothing,
        );
    };
    (@cases $subject:path, $($group:ident :: $case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let case = async |subject: &$crate::object_store::Subject| {
                    $crate::object_store::$group::$case(subject).await;
                };
                $crate::object_store::run($subject().await, stringify!($case), case, DIFFERENCES).await;
            }
        )*

        #[test]
        fn every_known_difference_names_a_case() {
            let cases = [$(stringify!($case)),*];
            for (different, _) in DIFFERENCES {
                assert!(cases.contains(different), "{different} is no case");
            }
        }
    };
}
