//! What is to be changed so that every topic comes here, and nothing else.

use connector_api::{Subscription, SubscriptionChange};

use super::addresses::WebhookAddress;

/// What a subscription's address is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the connection's address.
    Here,
    /// It was: the path is ours, and the host is another; or the host is ours, and the tag is another.
    Stale,
    /// It is somebody else's.
    Foreign,
}

/// Says whose an address is.
///
/// The tag in a path is made of this installation's route key, so a path with our tag was given out by us. Another
/// tag at another host is another installation, which has the same right to hear of the shop.
pub(super) fn standing(sent_to: &str, address: &WebhookAddress) -> Standing {
    let (base, path, connection, door) = match address {
        WebhookAddress::Door { base, path, connection, door } => (base.as_ref(), path, connection, door),
        WebhookAddress::Queue { arn } if sent_to == arn => return Standing::Here,
        // Another queue is another installation's: nothing in its name says that it was ours.
        WebhookAddress::Queue { .. } => return Standing::Foreign,
    };
    if let Some(found) = sent_to.strip_suffix(path.as_str()) {
        return match base {
            Some(ours) if ours != found => Standing::Stale,
            _ => Standing::Here,
        };
    }
    let rest = base.and_then(|base| sent_to.strip_prefix(base.as_str()));
    let tag =
        rest.and_then(|rest| rest.strip_prefix(*door)?.strip_prefix(connection.as_str())?.strip_prefix('-'));
    let is_tag = |tag: &str| tag.len() == 32 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    if tag.is_some_and(is_tag) { Standing::Stale } else { Standing::Foreign }
}

/// The changes after which each topic comes here once, in a form that serves us. Nothing of others is in them.
///
/// A topic that comes here stays as it is, and our old subscriptions to it end. Else an old one is redirected, the
/// others end; only where there is none is one made. New ones are made before old ones end, so that no delivery
/// falls between, but for one that is flawed: a store takes topic and address only once.
pub(super) fn plan(
    topics: &[&'static str],
    found: &[Subscription],
    address: &WebhookAddress,
) -> Vec<SubscriptionChange> {
    let Some(url) = address.url() else { return Vec::new() };
    let mut changes = Vec::new();
    for topic in topics {
        let ours: Vec<(&Subscription, Standing)> = found
            .iter()
            .filter(|one| one.topic == *topic)
            .map(|one| (one, standing(&one.address, address)))
            .filter(|(_, standing)| *standing != Standing::Foreign)
            .collect();
        let good = |one: &Subscription| one.flaw.is_none();
        let here = ours.iter().find(|(one, at)| *at == Standing::Here && good(one));
        let kept = here.or_else(|| ours.iter().find(|(one, at)| *at == Standing::Stale && good(one)));
        // A flawed one at the very address would stand in the way of the right one.
        let ended = |early: bool| {
            ours.iter()
                .filter(move |(one, at)| (*at == Standing::Here && !good(one)) == early)
                .filter(|(one, _)| kept.is_none_or(|(kept, _)| kept.id != one.id))
                .map(|(one, _)| SubscriptionChange::Delete { id: one.id.clone() })
        };
        changes.extend(ended(true));
        match kept {
            Some((_, Standing::Here)) => {}
            Some((one, _)) => {
                changes.push(SubscriptionChange::Redirect { id: one.id.clone(), address: url.clone() });
            }
            None => changes.push(SubscriptionChange::Create { topic, address: url.clone() }),
        }
        changes.extend(ended(false));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TAG: &str = "0123456789abcdef0123456789abcdef";
    const OTHER_TAG: &str = "fedcba9876543210fedcba9876543210";
    const TOPICS: [&str; 2] = ["fulfillments/create", "orders/cancelled"];

    fn address(base: Option<&str>) -> WebhookAddress {
        WebhookAddress::Door {
            base: base.map(str::to_owned),
            path: format!("/webhooks/stores/shop-{TAG}"),
            connection: "shop".to_owned(),
            door: "/webhooks/stores/",
        }
    }

    fn here() -> WebhookAddress {
        address(Some("https://parcels.example"))
    }

    #[test]
    fn only_what_we_gave_out_is_ours() {
        use Standing::{Foreign, Here, Stale};
        let ours = |host: &str, tag: &str| format!("{host}/webhooks/stores/shop-{tag}");
        for (name, sent_to, known, unknown) in [
            ("ours", ours("https://parcels.example", TAG), Here, Here),
            ("an old host", ours("https://old.example", TAG), Stale, Here),
            ("an old prefix", ours("https://parcels.example/stage", TAG), Stale, Here),
            ("an old route key", ours("https://parcels.example", OTHER_TAG), Stale, Foreign),
            ("another installation", ours("https://stage.example", OTHER_TAG), Foreign, Foreign),
            (
                "another connection",
                format!("https://parcels.example/webhooks/stores/two-{TAG}"),
                Foreign,
                Foreign,
            ),
            (
                "a longer name",
                format!("https://parcels.example/webhooks/stores/shop-two-{TAG}"),
                Foreign,
                Foreign,
            ),
            ("no tag", ours("https://parcels.example", "now"), Foreign, Foreign),
            ("another program", "https://parcels.example/orders".to_owned(), Foreign, Foreign),
            ("a look-alike host", ours("https://parcels.example.evil", OTHER_TAG), Foreign, Foreign),
            ("no web address", "arn:aws:events:us-east-1::event-source/x".to_owned(), Foreign, Foreign),
        ] {
            assert_eq!(standing(&sent_to, &here()), known, "{name}");
            assert_eq!(standing(&sent_to, &address(None)), unknown, "{name}, public address not known");
        }
    }

    #[test]
    fn of_queues_only_our_own_is_ours() {
        let queue = WebhookAddress::Queue { arn: "arn:aws:sqs:us-east-1:1:p-amazon".to_owned() };
        assert_eq!(standing("arn:aws:sqs:us-east-1:1:p-amazon", &queue), Standing::Here);
        for other in ["arn:aws:sqs:us-east-1:1:p-amazon-old", "arn:aws:sqs:us-east-1:2:p-amazon", ""] {
            assert_eq!(standing(other, &queue), Standing::Foreign, "{other}");
        }
    }

    #[derive(Clone, Debug)]
    struct Kept(Vec<Subscription>, usize);

    impl Kept {
        fn apply(&mut self, change: &SubscriptionChange) {
            match change {
                SubscriptionChange::Create { topic, address } => {
                    self.1 += 1;
                    let id = format!("new-{}", self.1);
                    let clash = self.0.iter().any(|one| one.topic == *topic && one.address == *address);
                    assert!(!clash, "taken already");
                    let topic = (*topic).to_owned();
                    self.0.push(Subscription { id, topic, address: address.clone(), flaw: None });
                }
                SubscriptionChange::Redirect { id, address } => {
                    let topic = self.0.iter().find(|one| one.id == *id).unwrap().topic.clone();
                    let clash = self.0.iter().any(|one| one.topic == topic && one.address == *address);
                    assert!(!clash, "taken already");
                    self.0.iter_mut().find(|one| one.id == *id).unwrap().address.clone_from(address);
                }
                SubscriptionChange::Delete { id } => self.0.retain(|one| one.id != *id),
            }
        }
    }

    fn any_subscriptions() -> impl Strategy<Value = Vec<Subscription>> {
        let topic = prop::sample::select(vec![TOPICS[0], TOPICS[1], "ORDERS_EDITED"]);
        let host = prop::sample::select(vec!["https://parcels.example", "https://old.example"]);
        let tail = prop::sample::select(vec![
            format!("/webhooks/stores/shop-{TAG}"),
            format!("/webhooks/stores/shop-{OTHER_TAG}"),
            "/else".to_owned(),
        ]);
        let one = (topic, host, tail, prop::option::weighted(0.2, Just("a filter".to_owned())));
        prop::collection::vec(one, 0..9).prop_map(|rows| {
            let mut all: Vec<Subscription> = Vec::new();
            for (n, (topic, host, tail, flaw)) in rows.into_iter().enumerate() {
                let one = Subscription {
                    id: n.to_string(),
                    topic: topic.to_owned(),
                    address: format!("{host}{tail}"),
                    flaw,
                };
                // A store takes topic and address only once.
                if all.iter().all(|other| (&other.topic, &other.address) != (&one.topic, &one.address)) {
                    all.push(one);
                }
            }
            all
        })
    }

    proptest! {
        #[test]
        fn afterwards_each_topic_comes_here_once_and_others_are_untouched(found in any_subscriptions()) {
            let mut kept = Kept(found.clone(), 0);
            for change in plan(&TOPICS, &found, &here()) {
                kept.apply(&change);
            }
            for topic in TOPICS {
                let ours: Vec<&Subscription> = kept.0.iter()
                    .filter(|one| one.topic == topic && standing(&one.address, &here()) != Standing::Foreign)
                    .collect();
                prop_assert_eq!(ours.len(), 1, "{:?}", ours);
                prop_assert!(ours[0].flaw.is_none() && ours[0].address == here().url().unwrap());
            }
            for other in found.iter().filter(|one| {
                standing(&one.address, &here()) == Standing::Foreign || !TOPICS.contains(&one.topic.as_str())
            }) {
                prop_assert!(kept.0.contains(other), "{:?} was touched", other);
            }
            prop_assert_eq!(plan(&TOPICS, &kept.0, &here()), vec![], "the second time nothing is left to do");
        }
    }

    #[test]
    fn without_a_public_address_nothing_is_changed() {
        assert_eq!(plan(&TOPICS, &[], &address(None)), []);
    }
}
