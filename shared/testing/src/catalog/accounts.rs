//! Users and their logins.

use futures::future::join_all;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use straightway_core::ports::Rotated;
use straightway_core::{Conflict, Error, Login, LoginId, User, UserId, Username};

use super::subject::{NOW, QUOTA, Subject, random, user};

fn login(user: &User) -> Login {
    Login {
        login_id: LoginId::from_random(random()),
        user_id: user.user_id.clone(),
        generation: 1,
        current: vec![random()],
        predecessor: None,
        rotated_at: NOW,
        created_at: NOW,
        expires_at: NOW + SignedDuration::from_hours(24),
    }
}

fn rotated(before: &Login) -> Login {
    Login {
        generation: before.generation + 1,
        current: vec![random()],
        predecessor: before.current.first().copied(),
        ..before.clone()
    }
}

pub async fn a_user_is_read_back_by_id_and_by_name(subject: &Subject) {
    let made = subject.owner().await.user;
    let by_id = subject.user(&made.user_id).await.unwrap().unwrap();
    let by_name = subject.user_by_name(&made.username).await.unwrap().unwrap();
    for read in [by_id, by_name] {
        assert_eq!((read.user_id, read.username), (made.user_id.clone(), made.username.clone()));
        assert_eq!(read.password_hash.expose_secret(), made.password_hash.expose_secret());
        assert_eq!((read.created_at, read.logins_valid_from, read.usage), (NOW, NOW, made.usage));
    }
}

pub async fn an_unknown_user_is_none(subject: &Subject) {
    assert!(subject.user(&UserId::from_random(random())).await.unwrap().is_none());
    assert!(subject.user_by_name(&Username::parse("nobody").unwrap()).await.unwrap().is_none());
}

pub async fn a_user_name_is_taken_once(subject: &Subject) {
    let first = subject.owner().await.user;
    let second = User { username: first.username.clone(), ..user(QUOTA) };
    let refused = subject.create_user(&second).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::UsernameTaken))), "{refused:?}");
    assert!(subject.user(&second.user_id).await.unwrap().is_none());
    assert_eq!(subject.user_by_name(&first.username).await.unwrap().unwrap().user_id, first.user_id);
}

pub async fn of_many_users_with_one_name_one_is_made(subject: &Subject) {
    let name = user(QUOTA).username;
    let users: Vec<User> = (0..8).map(|_| User { username: name.clone(), ..user(QUOTA) }).collect();
    let made = join_all(users.iter().map(|user| subject.create_user(user))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
}

pub async fn a_new_password_ends_the_logins_before_it(subject: &Subject) {
    let user = subject.owner().await.user;
    let later = NOW + SignedDuration::from_secs(5);
    subject.set_password(&user.user_id, &user.password_hash, &"second".into(), later).await.unwrap();
    let read = subject.user(&user.user_id).await.unwrap().unwrap();
    assert_eq!((read.password_hash.expose_secret(), read.logins_valid_from), ("second", later));
}

pub async fn a_password_that_changed_meanwhile_is_not_replaced(subject: &Subject) {
    let user = subject.owner().await.user;
    let refused = subject.set_password(&user.user_id, &"other".into(), &"second".into(), NOW).await;
    assert!(matches!(refused, Err(Error::Changed)), "{refused:?}");
    let read = subject.user(&user.user_id).await.unwrap().unwrap();
    assert_eq!(read.password_hash.expose_secret(), user.password_hash.expose_secret());
}

pub async fn logins_never_become_valid_again(subject: &Subject) {
    let user = subject.owner().await.user;
    let (later, earlier) = (NOW + SignedDuration::from_secs(9), NOW + SignedDuration::from_secs(3));
    subject.end_logins(&user.user_id, later).await.unwrap();
    subject.end_logins(&user.user_id, earlier).await.unwrap();
    subject.set_password(&user.user_id, &user.password_hash, &"second".into(), earlier).await.unwrap();
    let read = subject.user(&user.user_id).await.unwrap().unwrap();
    assert_eq!((read.logins_valid_from, read.password_hash.expose_secret()), (later, "second"));
}

pub async fn an_unknown_user_has_nothing_to_change(subject: &Subject) {
    let nobody = UserId::from_random(random());
    assert!(matches!(subject.end_logins(&nobody, NOW).await, Err(Error::NotFound)));
    let refused = subject.set_password(&nobody, &"a".into(), &"b".into(), NOW).await;
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
}

pub async fn a_login_is_read_back_as_it_was(subject: &Subject) {
    let user = subject.owner().await.user;
    let plain = login(&user);
    let grown = Login { current: vec![random(), random(), random()], predecessor: Some(random()), ..login(&user) };
    for login in [plain, grown] {
        subject.create_login(&login).await.unwrap();
        assert_eq!(subject.login(&login.login_id).await.unwrap(), Some(login));
    }
    assert_eq!(subject.login(&LoginId::from_random(random())).await.unwrap(), None);
}

pub async fn of_many_rotations_at_once_one_is_done(subject: &Subject) {
    let before = login(&subject.owner().await.user);
    subject.create_login(&before).await.unwrap();
    let candidates: Vec<Login> = (0..8).map(|_| rotated(&before)).collect();
    let outcomes = join_all(candidates.iter().map(|after| subject.rotate_login(&before, after))).await;
    let winners: Vec<&Login> =
        candidates.iter().zip(outcomes).filter(|(_, done)| matches!(done, Ok(Rotated::Done))).map(|(l, _)| l).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(subject.login(&before.login_id).await.unwrap().as_ref(), Some(winners[0]));
}

pub async fn a_rotation_looks_at_the_valid_tokens_too(subject: &Subject) {
    let before = login(&subject.owner().await.user);
    subject.create_login(&before).await.unwrap();
    // The predecessor's grace: the same generation, one more successor.
    let grown = Login { current: vec![before.current[0], random()], ..before.clone() };
    assert_eq!(subject.rotate_login(&before, &grown).await.unwrap(), Rotated::Done);
    assert_eq!(subject.rotate_login(&before, &rotated(&before)).await.unwrap(), Rotated::Changed);
    assert_eq!(subject.login(&before.login_id).await.unwrap(), Some(grown));
}

pub async fn a_deleted_login_is_gone_and_does_not_come_back(subject: &Subject) {
    let login = login(&subject.owner().await.user);
    subject.create_login(&login).await.unwrap();
    for _ in 0..2 {
        subject.delete_login(&login.login_id).await.unwrap();
    }
    assert_eq!(subject.rotate_login(&login, &rotated(&login)).await.unwrap(), Rotated::Changed);
    assert_eq!(subject.login(&login.login_id).await.unwrap(), None);
}
