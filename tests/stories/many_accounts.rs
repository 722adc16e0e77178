//! One merchant with ten accounts: what is wrong with one of them is felt by no other.

use std::collections::BTreeMap;

use domain::connection::{Connection, LinkFrom, LinkRule};
use sandbox::amazon::{Seller, Settings};

use crate::harness::{System, amazon_connection, shopify_connection};

const ACCOUNTS: usize = 10;
/// Parcels of each account that leave in each round.
const EACH: usize = 4;
const ROUNDS: usize = 6;
const ROUND_MINUTES: u64 = 5;
/// The account that the marketplace has banned: every call is refused.
const BANNED: usize = 3;
/// The account whose owner has taken the authorisation back.
const REVOKED: usize = 7;

fn name(n: usize) -> String {
    format!("amazon-{n}")
}

fn order_id(account: usize, n: usize) -> String {
    format!("7{account:02}-{:07}-{n:07}", account * 11)
}

fn ten_accounts() -> System {
    let system = System::start();
    let settings = Settings { limits: true, ..Settings::default() };
    system.wire.amazon.lock().unwrap().set_settings(settings);
    for n in 0..ACCOUNTS {
        let id = name(n);
        system.wire.amazon.lock().unwrap().add_seller(Seller {
            seller: id.clone(),
            client_id: format!("client-{id}"),
            client_secret: format!("client-secret-{id}"),
            refresh_token: format!("refresh-{id}"),
            access_denied: false,
        });
        system.set_refresh_token(&id, &format!("refresh-{id}"));
    }
    let link = |n: usize| LinkRule {
        from: LinkFrom::NoteAttribute { name: "marketplace-order".into() },
        account: name(n).as_str().try_into().unwrap(),
        source_name: Some(name(n)),
    };
    let shop = Connection { link: (0..ACCOUNTS).map(link).collect(), ..shopify_connection() };
    let all: Vec<Connection> =
        std::iter::once(shop).chain((0..ACCOUNTS).map(|n| amazon_connection(&name(n)))).collect();
    system.apply_all(&all);
    system
}

/// When each parcel of each account was confirmed, in seconds from the start.
fn hour(system: &System, broken: bool) -> BTreeMap<String, Vec<i64>> {
    let begin = system.now();
    if broken {
        let mut amazon = system.wire.amazon.lock().unwrap();
        let id = name(BANNED);
        amazon.add_seller(Seller {
            seller: id.clone(),
            client_id: format!("client-{id}"),
            client_secret: format!("client-secret-{id}"),
            refresh_token: format!("refresh-{id}"),
            access_denied: true,
        });
        amazon.revoke(&name(REVOKED)).unwrap();
    }
    for round in 0..ROUNDS {
        for n in 0..ACCOUNTS {
            for parcel in 0..EACH {
                let number = round * EACH + parcel;
                let id = order_id(n, number);
                system.order_of(&name(n), &id, &[("LAMP", 1)]);
                let tracking = format!("1Z999AA1{n:02}{number:08}");
                let (_, delivery) = system.ship(&id, "UPS", &[&tracking], &[("LAMP", 1)]);
                assert_eq!(system.post(&delivery), 200);
            }
        }
        system.settle();
        system.pass(ROUND_MINUTES);
    }
    let mut confirmed: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for effect in system.wire.amazon.lock().unwrap().record().effects {
        confirmed.entry(effect.seller).or_default().push((effect.at - begin).get_seconds());
    }
    confirmed
}

#[test]
fn a_banned_and_a_revoked_account_cost_the_eight_others_nothing() {
    let sound = ten_accounts();
    let alone = hour(&sound, false);
    drop(sound);
    let system = ten_accounts();
    let beside = hour(&system, true);

    let count = |of: &BTreeMap<String, Vec<i64>>, n: usize| of.get(&name(n)).map_or(0, Vec::len);
    for broken in [BANNED, REVOKED] {
        assert_eq!(count(&beside, broken), 0);
        assert_eq!(count(&alone, broken), ROUNDS * EACH);
    }
    let others = (0..ACCOUNTS).filter(|n| ![BANNED, REVOKED].contains(n));
    for n in others {
        let (before, now) = (count(&alone, n), count(&beside, n));
        assert!(now * 100 >= before * 99, "{}: {now} of {before} within the hour", name(n));
        // Not only as many: none of them later than it would have been, but by a minute's turn of the clock.
        let last = |of: &BTreeMap<String, Vec<i64>>| of[&name(n)].iter().max().copied().unwrap();
        assert!(last(&beside) <= last(&alone) + 60, "{}: {} then {}", name(n), last(&alone), last(&beside));
    }

    // One mail for each of the two, whatever number of parcels waits, and no call after call that cannot help.
    let subjects = system.subjects();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    let calls = system.wire.amazon.lock().unwrap().record().calls_by_seller;
    let confirms_of =
        |n: usize| calls.get(&name(n)).and_then(|c| c.get("confirmShipment")).copied().unwrap_or(0);
    assert!(confirms_of(BANNED) <= 3, "{}", confirms_of(BANNED));

    // Once it is authorised again, everything that waited goes out.
    let id = name(REVOKED);
    system.wire.amazon.lock().unwrap().restore(&id, Some("new-token".into())).unwrap();
    system.set_refresh_token(&id, "new-token");
    system.resume(&id);
    system.settle();
    system.pass(60);
    let record = system.wire.amazon.lock().unwrap().record();
    assert_eq!(record.effects.iter().filter(|e| e.seller == id).count(), ROUNDS * EACH);
}
