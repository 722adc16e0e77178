//! Lists that leave packages out and give counts alone (eBay's): they take nothing back of what a read said.

use super::*;

/// The order as a list shows it: all of it is shipped, and nobody says in which package.
fn listed(read_at: i64) -> OrderFacts {
    let mut facts = facts(&[("a", 1)]);
    (facts.packages, facts.read_at) = (None, at(read_at));
    facts.lines[0].shipped = Some(1);
    facts
}

#[test]
fn what_a_read_explained_waits_for_the_next_read_and_for_no_person() {
    let carrier = ups();
    let conflict = State::Conflict { theirs: "UPS X".into(), ours: "UPS N1".into() };
    for state in [State::NotOurs { why: NotOurs::AlreadyShown }, conflict] {
        let mut package = Package { state: state.clone(), ..package(1, "N1", &[("a", 1)]) };
        let by_list = listed(9_990);
        let verdict = plan(&package, around(&by_list, &[], &carrier));
        assert_eq!(verdict, Verdict::Wait { not_before: at(10_060), waiting: Waiting::Facts }, "{state:?}");
        package.follow(&verdict, at(10_000)).unwrap();
        assert_eq!(word(&plan(&package, around(&by_list, &[], &carrier))), "wait", "not read yet");
        // The read names packages: as before.
        let mut read = listed(10_070);
        read.packages = Some(vec![shown("1000", "n1", &[("a", 1)])]);
        assert_eq!(word(&plan(&package, around(&read, &[], &carrier))), "not ours AlreadyShown");
        // It names none, either: a person is asked.
        let read = listed(10_070);
        assert_eq!(word(&plan(&package, around(&read, &[], &carrier))), "hold order_unclear");
    }
}
