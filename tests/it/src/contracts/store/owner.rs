//! Owners, and the tokens they come with.

use std::sync::Arc;

use domain::ids::TokenId;
use domain::owner::{Owner, Permission, Token};
use domain::rate::RateLimit;
use engine::ports::{Store, Write};

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
