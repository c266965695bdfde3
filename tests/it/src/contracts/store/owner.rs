//! Owners, and the tokens they come with.

use std::sync::Arc;

use domain::ids::{SignInId, TokenId};
use domain::owner::{Owner, Permission, Token};
use domain::rate::RateLimit;
use domain::sign_in::SignIn;
use engine::ports::{CommitError, Store, Write};

use super::{fresh, now, write};

pub(super) async fn owners_and_tokens_are_found_and_replaced(store: Arc<dyn Store>) {
    let mut owner = Owner {
        id: super::owner(),
        email: "a@x.test".into(),
        team: None,
        created_at: now(),
    };
    let mut token = Token {
        id: TokenId::from_uuid(fresh()),
        owner: owner.id.clone(),
        email: owner.email.clone(),
        name: "laptop".into(),
        prefix: "nd_abc".into(),
        permissions: vec![Permission::Read],
        revoked_at: None,
        created_at: now(),
        expires_at: None,
        limit: RateLimit::default(),
        revision: 0,
    };
    let sha256 = domain::digest::of_bytes(owner.id.as_str().as_bytes());
    assert_eq!(store.owner(&owner.id).await.unwrap(), None);
    assert_eq!(store.token(&sha256).await.unwrap(), None);
    for (revision, revoked_at) in (0..).zip([None, Some(now())]) {
        owner.team = Some(format!("team {revision}"));
        (token.revoked_at, token.revision) = (revoked_at, revision);
        let put = vec![
            Write::PutOwner {
                owner: owner.clone(),
            },
            Write::PutToken {
                sha256: sha256.clone(),
                token: token.clone(),
            },
        ];
        write(&store, put).await.unwrap();
        assert_eq!(store.owner(&owner.id).await.unwrap(), Some(owner.clone()));
        assert_eq!(store.token(&sha256).await.unwrap(), Some(token.clone()));
    }
}

pub(super) async fn browsers_are_signed_in_listed_and_signed_out_once(store: Arc<dyn Store>) {
    let owner = super::owner();
    let sign_in = |n: u8| {
        let sign_in = SignIn {
            id: SignInId::from_uuid(fresh()),
            owner: owner.clone(),
            token: TokenId::from_uuid(fresh()),
            token_sha256: "a".repeat(64),
            browser: format!("browser {n}"),
            created_at: now(),
            expires_at: SignIn::ends(now()),
        };
        (
            domain::digest::of_bytes(sign_in.id.as_str().as_bytes()),
            sign_in,
        )
    };
    let mut made = [sign_in(1), sign_in(2)];
    made.sort_by(|(_, a), (_, b)| b.id.cmp(&a.id));
    for (sha256, sign_in) in made.clone() {
        write(&store, vec![Write::PutSignIn { sha256, sign_in }])
            .await
            .unwrap();
    }
    assert_eq!(store.sign_ins(&owner).await, Ok(made.to_vec()));
    assert_eq!(store.sign_ins(&super::owner()).await, Ok(vec![]));
    let [(sha256, sign_in), rest] = made;
    assert_eq!(store.sign_in(&sha256).await, Ok(Some(sign_in.clone())));
    let delete = || {
        vec![Write::DeleteSignIn {
            sha256: sha256.clone(),
            sign_in: sign_in.clone(),
        }]
    };
    write(&store, delete()).await.unwrap();
    assert_eq!(write(&store, delete()).await, Err(CommitError::Conflict));
    assert_eq!(store.sign_in(&sha256).await, Ok(None));
    assert_eq!(store.sign_ins(&owner).await, Ok(vec![rest]));
}
