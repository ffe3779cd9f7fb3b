//! What everything that implements the ports [`Catalog`], [`Accounts`], [`Limits`] and [`Requests`] has to do.
//!
//! ```text
//! straightway_testing::catalog_contract!(subject, [
//!     (of_fifty_opens_at_once_only_those_that_fit_succeed, "why this server differs, and why that is harmless"),
//! ]);
//! ```
//! makes one test of each case. `subject` is an `async fn() -> Option<Subject>` over empty tables; `None` skips. A case
//! that is listed as different must fail: when it passes, the difference is gone and the line has to go too.

#![expect(missing_docs, reason = "the cases say what they try by their names")]
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a case fails by panicking")]

pub mod accounts;
pub mod commits;
pub mod ending;
pub mod entries;
pub mod folders;
pub mod instant;
pub mod limits;
pub mod moves;
pub mod opening;
pub mod progress;
pub mod proofs;
pub mod purges;
pub mod replacing;
pub mod requests;
pub mod subject;

pub use subject::{NOW, Owner, Records, Subject, Upload, random};

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

#[cfg(doc)]
use straightway_core::ports::{Accounts, Catalog, Limits, Requests};

/// A case in which this server is known to differ, with the reason.
pub type Difference = (&'static str, &'static str);

/// Runs one case; called by [`catalog_contract`](crate::catalog_contract).
///
/// # Panics
/// When the catalog breaks the contract, or keeps it where it is said to differ.
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
macro_rules! catalog_contract {
    ($subject:path, [$(($different:ident, $reason:literal)),* $(,)?]) => {
        const DIFFERENCES: &[$crate::catalog::Difference] = &[$((stringify!($different), $reason)),*];

        $crate::catalog_contract!(@cases $subject,
            accounts::a_user_is_read_back_by_id_and_by_name,
            accounts::an_unknown_user_is_none,
            accounts::a_user_name_is_taken_once,
            accounts::of_many_users_with_one_name_one_is_made,
            accounts::a_new_password_ends_the_logins_before_it,
            accounts::a_password_that_changed_meanwhile_is_not_replaced,
            accounts::logins_never_become_valid_again,
            accounts::an_unknown_user_has_nothing_to_change,
            accounts::a_login_is_read_back_as_it_was,
            accounts::of_many_rotations_at_once_one_is_done,
            accounts::a_rotation_looks_at_the_valid_tokens_too,
            accounts::a_deleted_login_is_gone_and_does_not_come_back,
            limits::a_counter_takes_up_to_its_maximum,
            limits::more_than_the_maximum_is_never_taken,
            limits::counters_do_not_share,
            limits::what_is_given_back_can_be_taken_again,
            limits::giving_back_to_a_forgotten_counter_changes_nothing,
            limits::of_many_takes_at_once_only_those_that_fit_succeed,
            requests::a_request_is_fresh_then_runs_then_is_done,
            requests::a_key_belongs_to_one_request,
            requests::keys_of_two_owners_do_not_meet,
            requests::a_forgotten_request_is_fresh_again,
            requests::a_finished_request_is_not_forgotten,
            requests::the_claim_of_a_function_that_died_is_taken_over,
            requests::of_two_that_finish_one_claim_the_first_counts,
            requests::an_answer_is_kept_for_a_day,
            requests::of_many_claims_at_once_one_is_fresh,
            opening::an_opened_session_is_read_back_as_it_was,
            opening::opening_reserves_its_bytes,
            opening::opening_the_same_upload_again_answers_the_live_session,
            opening::the_same_content_elsewhere_is_another_upload,
            opening::without_a_hash_every_upload_is_its_own,
            opening::a_marker_is_free_again_when_its_session_ends,
            opening::a_long_name_still_has_a_marker,
            opening::a_taken_name_is_told_only_where_it_must_be_free,
            opening::a_parent_that_is_no_folder_of_the_owners_is_told,
            opening::exactly_the_room_that_is_left_is_enough,
            opening::too_many_live_sessions_are_told,
            opening::the_first_of_several_obstacles_is_told,
            opening::of_fifty_opens_at_once_only_those_that_fit_succeed,
            opening::of_many_opens_of_one_upload_at_once_one_is_live,
            opening::without_a_user_nothing_is_opened,
            opening::live_sessions_are_listed_in_pages,
            progress::the_first_multipart_id_stays,
            progress::of_many_multipart_ids_at_once_one_stays,
            progress::only_an_open_session_takes_a_multipart_id,
            progress::finished_parts_add_up,
            progress::no_finished_part_is_lost_when_many_devices_record,
            progress::using_a_session_lets_it_live_longer,
            progress::nothing_is_recorded_on_a_session_that_is_not_open,
            progress::a_hash_is_declared_once,
            progress::no_hash_is_declared_on_an_ended_session,
            progress::verifying_begins_from_open_and_goes_on,
            progress::an_ended_session_is_not_verified,
            progress::the_leaves_of_ten_thousand_parts_are_read_in_order,
            progress::of_two_leaves_for_one_part_the_later_counts,
            progress::a_read_back_is_saved_and_replaced,
            ending::an_open_session_ends_in_every_way_but_lost,
            ending::a_verifying_session_ends_in_every_way_but_expired,
            ending::an_ended_session_does_not_end_again,
            ending::of_many_ends_at_once_one_counts,
            ending::a_hash_declared_late_leaves_the_marker_of_another_session,
            ending::an_unknown_session_does_not_end,
            commits::new_content_becomes_a_file_and_an_entry,
            commits::a_verifying_session_is_committed_too,
            commits::known_content_gains_a_reference,
            commits::a_file_that_is_not_as_expected_is_told,
            commits::a_hash_declared_since_the_session_was_read_is_told,
            commits::committing_again_says_how_the_session_ended,
            commits::an_ended_session_becomes_no_file,
            commits::a_name_that_was_taken_meanwhile_is_told,
            commits::a_parent_that_went_meanwhile_is_told,
            commits::the_first_of_several_obstacles_to_a_commit_is_told,
            commits::a_late_hash_leaves_the_marker_of_another_session_at_commit,
            commits::of_many_commits_of_one_session_one_counts,
            commits::many_uploads_of_one_content_at_once_share_one_file,
            instant::known_content_becomes_an_entry_at_once,
            instant::an_instant_upload_of_unknown_content_says_so,
            instant::an_instant_upload_twice_says_the_entry_is_there,
            instant::an_instant_upload_repeated_after_its_entry_went_makes_no_other,
            instant::an_instant_upload_needs_room,
            instant::of_many_instant_uploads_at_once_only_those_that_fit_succeed,
            instant::what_the_owner_has_becomes_another_entry,
            instant::what_the_owner_no_longer_has_is_no_reason,
            replacing::replacing_takes_the_name_and_frees_the_old_content,
            replacing::replacing_one_of_several_references_keeps_the_content,
            replacing::replacing_by_the_same_content_keeps_its_references,
            replacing::an_instant_upload_may_replace_where_the_sum_fits,
            replacing::a_holder_that_is_not_as_it_was_read_is_not_replaced,
            replacing::folders_and_other_names_are_not_replaced,
            replacing::the_entry_a_replacement_made_can_be_moved_and_purged,
            purges::the_last_reference_makes_the_file_collectable,
            purges::a_new_reference_saves_a_collectable_file,
            purges::other_references_keep_the_file,
            purges::an_entry_that_is_not_as_it_was_read_stays,
            purges::an_empty_file_is_purged_too,
            purges::of_many_purges_of_one_entry_one_counts,
            purges::references_stay_right_when_many_come_and_go_at_once,
            entries::an_entry_is_found_by_any_spelling_of_its_name,
            entries::entries_of_others_are_not_found,
            entries::what_is_not_there_is_not_found,
            entries::a_folder_is_listed_by_folded_name,
            entries::a_list_can_be_limited_to_a_prefix,
            entries::a_list_goes_on_after_any_name,
            entries::the_longest_names_can_be_kept,
            entries::an_entry_of_a_file_is_found_among_several,
            entries::files_are_read_many_at_once,
            entries::a_file_is_found_by_its_sha1_and_size,
            entries::content_can_be_confined_to_an_owner,
            folders::a_folder_is_put_once,
            folders::a_folder_needs_a_parent,
            folders::of_many_folders_with_one_name_one_is_put,
            folders::a_purged_folder_leaves_a_job,
            folders::a_folder_or_job_that_is_not_as_it_was_read_stays,
            folders::a_job_is_saved_only_as_it_was_read,
            folders::nothing_enters_a_purged_folder,
            folders::what_is_in_a_purged_folder_can_still_leave_it,
            folders::a_long_list_of_folders_fits_a_job,
            moves::an_entry_is_renamed,
            moves::only_the_spelling_of_a_name_changes,
            moves::metadata_and_type_change_in_place,
            moves::an_entry_is_moved_between_folders,
            moves::a_folder_moves_with_what_is_below,
            moves::an_entry_that_is_not_as_it_was_read_does_not_move,
            moves::repeating_a_move_that_was_done_says_done,
            moves::a_taken_name_is_not_moved_to,
            moves::a_move_needs_a_parent,
            moves::a_move_replaces_the_holder_of_the_name,
            moves::a_move_over_the_same_content_drops_one_reference,
            moves::a_holder_that_changed_is_not_replaced_by_a_move,
            moves::a_folder_does_not_move_when_an_ancestor_has_moved,
            moves::a_renamed_ancestor_is_no_obstacle,
            moves::two_folders_never_come_to_lie_in_each_other,
            moves::a_folder_does_not_move_into_itself,
            moves::an_entry_is_found_while_it_moves,
            proofs::a_nonce_is_used_once,
            proofs::an_owner_is_wrong_three_times_a_day_at_most,
            proofs::a_file_is_guessed_at_twenty_times_a_day_at_most,
            proofs::of_many_attempts_at_once_three_begin,
            proofs::a_right_proof_is_not_counted_as_wrong,
            proofs::a_proof_whose_counters_are_forgotten_still_counts,
        );
    };
    (@cases $subject:path, $($group:ident :: $case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let case = async |subject: &$crate::catalog::Subject| {
                    $crate::catalog::$group::$case(subject).await;
                };
                $crate::catalog::run($subject().await, stringify!($case), case, DIFFERENCES).await;
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
