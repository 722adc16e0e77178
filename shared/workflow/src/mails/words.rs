//! Times and numbers in words, in the merchant's time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// The moment a mail is written, where the merchant is.
pub(super) struct Moment {
    now: Zoned,
    zone: String,
}

impl Moment {
    /// A zone that does not exist is UTC, and said to be.
    pub(super) fn new(now: Timestamp, zone: &str) -> Self {
        let (zone, name) = match TimeZone::get(zone) {
            Ok(found) => (found, zone.to_owned()),
            Err(_) => (TimeZone::UTC, "UTC".to_owned()),
        };
        Self { now: now.to_zoned(zone), zone: name }
    }

    fn local(&self, time: Timestamp) -> Zoned {
        time.to_zoned(self.now.time_zone().clone())
    }

    /// `today 18:00`, `tomorrow 09:00`, `Fri 28 Nov 18:00`.
    pub(super) fn day_and_time(&self, time: Timestamp) -> String {
        let local = self.local(time);
        format!("{} {}", self.day(local.date()), local.strftime("%H:%M"))
    }

    /// `today`, `tomorrow`, `yesterday`, `Fri 28 Nov`, or with the year where it is another.
    pub(super) fn day(&self, day: Date) -> String {
        let today = self.now.date();
        if day == today {
            "today".to_owned()
        } else if today.tomorrow().is_ok_and(|next| next == day) {
            "tomorrow".to_owned()
        } else if today.yesterday().is_ok_and(|before| before == day) {
            "yesterday".to_owned()
        } else {
            self.date(day)
        }
    }

    /// `Fri 28 Nov`, with the year where it is another.
    pub(super) fn date(&self, day: Date) -> String {
        let form = if day.year() == self.now.year() { "%a %-d %b" } else { "%a %-d %b %Y" };
        day.strftime(form).to_string()
    }

    /// The name of the zone that all times are in.
    pub(super) fn zone(&self) -> &str {
        &self.zone
    }

    /// `3 h 20 min left: ship-by today 18:00 (Europe/Berlin)`, or how long it has passed.
    pub(super) fn time_left(&self, ship_by: Option<Timestamp>) -> String {
        let Some(ship_by) = ship_by else { return "the ship-by time is not known".to_owned() };
        let when = self.day_and_time(ship_by);
        let seconds = self.seconds_until(ship_by);
        if seconds > 0 {
            format!("{} left: ship-by {when} ({})", span(seconds), self.zone)
        } else {
            format!("ship-by passed {} ago: {when} ({})", span(-seconds), self.zone)
        }
    }

    /// Whether a day is behind us.
    pub(super) fn is_over(&self, day: Date) -> bool {
        day < self.now.date()
    }

    /// Whether a moment is not ahead any more.
    pub(super) fn has_passed(&self, time: Timestamp) -> bool {
        self.seconds_until(time) <= 0
    }

    fn seconds_until(&self, time: Timestamp) -> i64 {
        time.duration_since(self.now.timestamp()).as_secs()
    }

    /// The end of every open matter: what to do without us. Begins `Or`, or not if it stands `alone`.
    pub(super) fn by_hand(
        &self,
        ByHand { what, then }: ByHand,
        ship_by: Option<Timestamp>,
        alone: bool,
    ) -> String {
        let when = match ship_by {
            None => String::new(),
            Some(ship_by) if self.has_passed(ship_by) => " now, since ship-by has passed".to_owned(),
            Some(ship_by) => {
                let local = self.local(ship_by);
                if local.date() == self.now.date() {
                    format!(" before {}", local.strftime("%H:%M"))
                } else {
                    format!(" before {}", self.day_and_time(ship_by))
                }
            }
        };
        let sentence = format!("{what} by hand{when}; {then}.");
        if alone { upper_first(&sentence) } else { format!("or {sentence}") }
    }
}

/// What a person can do at the marketplace, and what comes of it here.
#[derive(Clone, Copy)]
pub(super) struct ByHand {
    what: &'static str,
    then: &'static str,
}

impl ByHand {
    /// To confirm a parcel.
    pub(super) const CONFIRM: Self = Self::noticed("confirm it");
    /// To cancel or refund: no read tells of a refund.
    pub(super) const REVERSE: Self = Self {
        what: "look, and do it",
        then: "a cancellation shows there and settles this, a refund does not: of that we say no more",
    };

    /// Something that a read shows.
    pub(super) const fn noticed(what: &'static str) -> Self {
        Self { what, then: "we will notice and stand down" }
    }
}

/// `3 h 20 min`, `2 days 4 h`, `less than a minute`. Whole minutes, rounded down.
fn span(seconds: i64) -> String {
    let minutes = seconds / 60;
    let (hours, minutes_left) = (minutes / 60, minutes % 60);
    let (days, hours_left) = (hours / 24, hours % 24);
    match (days, hours, minutes) {
        (_, _, 0) => "less than a minute".to_owned(),
        (_, 0, _) => format!("{minutes} min"),
        (0 | 1, _, _) if minutes_left == 0 => format!("{hours} h"),
        (0 | 1, _, _) => format!("{hours} h {minutes_left} min"),
        _ if hours_left == 0 => format!("{days} days"),
        _ => format!("{days} days {hours_left} h"),
    }
}

/// `1 order`, `2 orders`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{number} {noun}")
}

/// The same, beginning with a capital letter.
pub(super) fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn time_left_is_told_where_the_merchant_is() {
        let moment = Moment::new(at("2026-11-20T13:40:00Z"), "Europe/Berlin");
        for (ship_by, want) in [
            ("2026-11-20T17:00:00Z", "3 h 20 min left: ship-by today 18:00 (Europe/Berlin)"),
            ("2026-11-20T17:40:59Z", "4 h left: ship-by today 18:40 (Europe/Berlin)"),
            ("2026-11-20T13:41:00Z", "1 min left: ship-by today 14:41 (Europe/Berlin)"),
            ("2026-11-20T13:40:01Z", "less than a minute left: ship-by today 14:40 (Europe/Berlin)"),
            ("2026-11-20T23:30:00Z", "9 h 50 min left: ship-by tomorrow 00:30 (Europe/Berlin)"),
            ("2026-11-22T13:39:00Z", "47 h 59 min left: ship-by Sun 22 Nov 14:39 (Europe/Berlin)"),
            ("2026-11-22T13:40:00Z", "2 days left: ship-by Sun 22 Nov 14:40 (Europe/Berlin)"),
            ("2027-01-03T14:40:00Z", "44 days 1 h left: ship-by Sun 3 Jan 2027 15:40 (Europe/Berlin)"),
            ("2026-11-20T13:40:00Z", "ship-by passed less than a minute ago: today 14:40 (Europe/Berlin)"),
            ("2026-11-20T11:40:00Z", "ship-by passed 2 h ago: today 12:40 (Europe/Berlin)"),
            ("2026-11-19T11:40:00Z", "ship-by passed 26 h ago: yesterday 12:40 (Europe/Berlin)"),
        ] {
            assert_eq!(moment.time_left(Some(at(ship_by))), want);
        }
        assert_eq!(moment.time_left(None), "the ship-by time is not known");
    }

    #[test]
    fn days_change_at_the_merchants_midnight_also_when_clocks_change() {
        // 23:59:59 Pacific is the end of Amazon's day; clocks go back on 1 November 2026 at 2:00.
        let los_angeles = Moment::new(at("2026-11-01T06:30:00Z"), "America/Los_Angeles");
        let midnight = at("2026-11-02T07:59:59Z");
        assert_eq!(
            los_angeles.time_left(Some(midnight)),
            "25 h 29 min left: ship-by tomorrow 23:59 (America/Los_Angeles)"
        );
        let utc = Moment::new(at("2026-11-01T06:30:00Z"), "Mars/Base");
        assert_eq!(utc.time_left(Some(midnight)), "25 h 29 min left: ship-by tomorrow 07:59 (UTC)");
        let tokyo = Moment::new(at("2026-11-20T15:00:00Z"), "Asia/Tokyo");
        assert_eq!(tokyo.day_and_time(at("2026-11-20T14:59:00Z")), "yesterday 23:59");
    }

    #[test]
    fn confirming_by_hand_is_said_with_its_time() {
        let moment = Moment::new(at("2026-11-20T13:40:00Z"), "Europe/Berlin");
        let say = |ship_by: Option<&str>| moment.by_hand(ByHand::CONFIRM, ship_by.map(at), false);
        for (ship_by, want) in [
            (
                Some("2026-11-20T17:00:00Z"),
                "or confirm it by hand before 18:00; we will notice and stand down.",
            ),
            (
                Some("2026-11-21T17:00:00Z"),
                "or confirm it by hand before tomorrow 18:00; we will notice and stand down.",
            ),
            (
                Some("2026-11-20T13:00:00Z"),
                "or confirm it by hand now, since ship-by has passed; we will notice and stand down.",
            ),
            (None, "or confirm it by hand; we will notice and stand down."),
        ] {
            assert_eq!(say(ship_by), want);
        }
        assert_eq!(
            moment.by_hand(ByHand::CONFIRM, None, true),
            "Confirm it by hand; we will notice and stand down."
        );
    }
}
