use secrecy::SecretString;
use straightway_core::{Usage, Username};

use super::*;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn user() -> User {
    User {
        user_id: UserId::from_random([1; 16]),
        username: Username::parse("ada").unwrap(),
        password_hash: SecretString::from(""),
        created_at: start(),
        logins_valid_from: start(),
        usage: Usage { used_bytes: 0, reserved_bytes: 0, quota_bytes: 0 },
    }
}

fn token(n: u8) -> TokenHash {
    [n; 32]
}

/// The token `n`, made for this generation.
fn presented(n: u8, generation: u64) -> Presented {
    Presented { login_id: LoginId::from_random([2; 16]), generation, hash: token(n) }
}

/// A login whose token 1 was used for token 2 at the start.
fn rotated() -> Login {
    let login = open(LoginId::from_random([2; 16]), user().user_id, token(1), start());
    rotate(&login, token(1), token(2), start())
}

#[test]
fn a_valid_token_rotates_at_any_time_of_its_life() {
    let login = rotated();
    for now in [start(), start() + GRACE, login.expires_at - SECOND] {
        assert_eq!(judge(&login, &user(), &presented(2, 2), now), Verdict::Rotate);
    }
    let next = rotate(&login, token(2), token(3), start() + SECOND);
    assert_eq!((next.generation, &next.current, next.predecessor), (3, &vec![token(3)], Some(token(2))));
    assert_eq!(next.rotated_at, start() + SECOND);
    assert_eq!(next.created_at, login.created_at);
}

#[test]
fn a_lost_answer_is_made_good_within_the_grace() {
    let login = rotated();
    assert_eq!(judge(&login, &user(), &presented(1, 1), start() + GRACE - SECOND), Verdict::AddSuccessor);
    let both = add_successor(&login, token(3));
    assert_eq!((both.generation, both.rotated_at, both.predecessor), (2, start(), Some(token(1))));
    for successor in [2, 3] {
        assert_eq!(judge(&both, &user(), &presented(successor, 2), start() + GRACE * 9), Verdict::Rotate);
    }
    assert_eq!(judge(&both, &user(), &presented(1, 1), start() + SECOND), Verdict::AddSuccessor, "two more tabs");
}

#[test]
fn the_grace_does_not_begin_anew_with_another_successor() {
    let both = add_successor(&rotated(), token(3));
    assert_eq!(judge(&both, &user(), &presented(1, 1), start() + GRACE), Verdict::Reused);
}

#[test]
fn the_predecessor_is_old_as_soon_as_a_successor_was_used() {
    let after = rotate(&rotated(), token(2), token(3), start() + SECOND);
    assert_eq!(judge(&after, &user(), &presented(1, 1), start() + SECOND * 2), Verdict::Reused);
    assert_eq!(judge(&after, &user(), &presented(2, 2), start() + SECOND * 2), Verdict::AddSuccessor);
}

/// A login whose token 1 has the successors 2 and 3, of which 3 was used after a second.
fn outrun() -> Login {
    rotate(&add_successor(&rotated(), token(3)), token(3), token(4), start() + SECOND)
}

#[test]
fn a_sibling_of_the_used_token_is_only_refused_within_the_grace_and_reuse_after_it() {
    let used_at = start() + SECOND;
    for (since, verdict) in
        [(SignedDuration::ZERO, Verdict::Sibling), (GRACE - SECOND, Verdict::Sibling), (GRACE, Verdict::Reused)]
    {
        assert_eq!(judge(&outrun(), &user(), &presented(2, 2), used_at + since), verdict, "{since}");
    }
}

#[test]
fn a_token_older_than_the_siblings_is_reuse_within_the_grace_too() {
    let now = start() + SECOND * 2;
    assert_eq!(judge(&outrun(), &user(), &presented(1, 1), now), Verdict::Reused);
    let further = rotate(&outrun(), token(4), token(5), now);
    assert_eq!(judge(&further, &user(), &presented(2, 2), now), Verdict::Reused);
}

#[test]
fn a_change_of_password_makes_a_sibling_look_older_and_an_older_token_never_younger() {
    let now = start() + SECOND * 2;
    let after = made_anew(&outrun(), now);
    let user = User { logins_valid_from: now, ..user() };
    assert_eq!(judge(&after, &user, &presented(2, 2), now), Verdict::Reused);
    assert_eq!(judge(&after, &user, &presented(1, 1), now), Verdict::Reused);
    assert_eq!(judge(&after, &user, &presented(3, 2), now), Verdict::AddSuccessor, "the predecessor");
    assert_eq!(judge(&after, &user, &presented(4, 3), now), Verdict::Rotate);
}

#[test]
fn a_token_of_the_login_that_is_not_recorded_is_reuse() {
    for unknown in [presented(0, 0), presented(9, 2), presented(9, 3)] {
        assert_eq!(judge(&rotated(), &user(), &unknown, start()), Verdict::Reused);
    }
}

#[test]
fn whatever_the_token_an_ended_login_is_ended() {
    let login = rotated();
    let later = User { logins_valid_from: login.created_at + SECOND, ..user() };
    let someone_else = User { user_id: UserId::from_random([9; 16]), ..user() };
    for any in [presented(1, 1), presented(2, 2), presented(9, 1)] {
        assert_eq!(judge(&login, &user(), &any, login.expires_at), Verdict::Ended, "by time");
        assert_eq!(judge(&login, &later, &any, start()), Verdict::Ended, "by log out everywhere");
        assert_eq!(judge(&login, &someone_else, &any, start()), Verdict::Ended);
    }
    let anew = made_anew(&login, later.logins_valid_from);
    assert_eq!(judge(&anew, &later, &presented(2, 2), start()), Verdict::Rotate, "but not the one that goes on");
    assert_eq!((anew.generation, &anew.current), (login.generation + 1, &login.current));
}

#[test]
fn a_login_ends_after_30_idle_days_and_after_90_in_any_case() {
    let newest = |login: &Login| Presented { hash: login.current[0], ..presented(0, login.generation) };
    let day = |n: i64| start() + SignedDuration::from_hours(24 * n);
    let mut login = rotated();
    assert_eq!(login.expires_at, day(30));
    for (used, expires) in [(20, 50), (45, 75), (70, 90), (89, 90)] {
        assert_eq!(judge(&login, &user(), &newest(&login), day(used)), Verdict::Rotate);
        login = rotate(&login, login.current[0], token(u8::try_from(used).unwrap()), day(used));
        assert_eq!(login.expires_at, day(expires));
    }
    assert_eq!(judge(&login, &user(), &newest(&login), day(90)), Verdict::Ended);
}

#[test]
fn successors_do_not_grow_without_end() {
    let many = (0..200).fold(rotated(), |login, n| add_successor(&login, token(n)));
    assert_eq!(many.current.len(), MAX_SUCCESSORS);
    assert_eq!(many.current.last(), Some(&token(199)));
}
