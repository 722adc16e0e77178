//! How mail is, and what else a stack needs of its account, asked of AWS without changing anything.

mod account;

use async_trait::async_trait;
use ports::{Check, CheckUp};

use crate::SesMail;
use crate::explain::explain;

pub use account::{AlarmTopic, Concurrency};

/// Mails a day that SES allows in its sandbox; more is given only outside.
///
/// Contract: "Moving out of the Amazon SES sandbox" (200 messages in 24 hours), read 2026-11-21. The API of SES v1 has no
/// plainer sign.
const SANDBOX_QUOTA: f64 = 200.0;

#[async_trait]
impl CheckUp for SesMail {
    async fn check_up(&self) -> Vec<Check> {
        vec![self.check_quota().await, self.check_identity().await]
    }
}

impl SesMail {
    /// Whether SES sends at all, and to anybody.
    async fn check_quota(&self) -> Check {
        const CHECK: &str = "mail";
        let quota = match self.client().get_send_quota().send().await {
            Ok(quota) => quota,
            Err(error) => return unasked(CHECK, &explain("GetSendQuota", &error)),
        };
        let (most, sent) = (quota.max24_hour_send, quota.sent_last24_hours);
        // -1 means without limit.
        if most >= 0.0 && sent >= most {
            return Check::bad(
                CHECK,
                format!("SES has sent {sent:.0} of {most:.0} mails allowed in 24 hours: no more leave"),
                "ask for a higher sending quota in the SES console",
            );
        }
        if (0.0..=SANDBOX_QUOTA).contains(&most) {
            return Check::warning(
                CHECK,
                format!(
                    "SES allows {most:.0} mails in 24 hours: the account seems to be in its sandbox, where only verified \
                         recipients are reached"
                ),
                "ask for production access in the SES console of this region",
            );
        }
        Check::good(CHECK, format!("SES has sent {sent:.0} of {most:.0} mails allowed in 24 hours"))
    }

    /// Whether the sender is verified, by an identity that the stack's functions may send by.
    async fn check_identity(&self) -> Check {
        const CHECK: &str = "mail_sender";
        let from = self.from();
        let identities = identities(from);
        let asked = self
            .client()
            .get_identity_verification_attributes()
            .set_identities(Some(identities.clone()))
            .send()
            .await;
        let attributes = match asked {
            Ok(answer) => answer.verification_attributes,
            Err(error) => return unasked(CHECK, &explain("GetIdentityVerificationAttributes", &error)),
        };
        let verified = |identity: &String| {
            attributes.get(identity).is_some_and(|one| one.verification_status.as_str() == "Success")
        };
        let Some(identity) = identities.iter().find(|identity| verified(identity)) else {
            return Check::bad(
                CHECK,
                format!("SES has verified none of {}: it refuses every mail", identities.join(", ")),
                "verify the address or its domain in the SES console of this region",
            );
        };
        // Letter by letter, as IAM compares.
        let granted = self.domain() == Some(identity.as_str());
        if identity == from || granted {
            return Check::good(CHECK, format!("SES has verified {identity}"));
        }
        let parameter = match self.domain() {
            None => "is empty".to_owned(),
            Some(domain) => format!("is {domain}"),
        };
        Check::bad(
            CHECK,
            format!(
                "SES has verified {identity}, not {from} itself, but the stack's parameter MailDomain {parameter}: its \
                 functions may not send by that domain"
            ),
            format!("the parameter MailDomain must be set: deploy with MailDomain={identity}"),
        )
    }
}

/// By what SES may have verified a sender, in the order in which it takes them: the address, its domain, the domains above.
///
/// Contract: "Creating and verifying identities in Amazon SES" (a verified domain stands for its subdomains and all their
/// addresses; what is verified by itself has its own settings), read 2026-11-29.
fn identities(from: &str) -> Vec<String> {
    let domain = from.rsplit_once('@').map_or(from, |(_, domain)| domain).to_ascii_lowercase();
    let mut all = vec![from.to_owned()];
    let mut rest = domain.as_str();
    // A top-level domain is nobody's identity.
    while let Some((_, above)) = rest.split_once('.') {
        all.push(rest.to_owned());
        rest = above;
    }
    all
}

fn unasked(check: &'static str, why: &str) -> Check {
    Check::warning(
        check,
        why,
        "see that the credentials may ask SES (ses:Get*), and that the region is right",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{Answer, FakeHttp};
    use ports::Outcome;

    fn quota(most: &str, sent: &str) -> Answer {
        Answer::xml(
            200,
            &format!(
                "<GetSendQuotaResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><GetSendQuotaResult>\
                 <SentLast24Hours>{sent}</SentLast24Hours><Max24HourSend>{most}</Max24HourSend>\
                 <MaxSendRate>1.0</MaxSendRate></GetSendQuotaResult></GetSendQuotaResponse>"
            ),
        )
    }

    fn identity(name: &str, status: &str) -> Answer {
        Answer::xml(
            200,
            &format!(
                "<GetIdentityVerificationAttributesResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\">\
                 <GetIdentityVerificationAttributesResult><VerificationAttributes><entry><key>{name}</key><value>\
                 <VerificationStatus>{status}</VerificationStatus></value></entry></VerificationAttributes>\
                 </GetIdentityVerificationAttributesResult></GetIdentityVerificationAttributesResponse>"
            ),
        )
    }

    fn denied() -> Answer {
        Answer::xml(
            403,
            "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type>\
             <Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>",
        )
    }

    #[tokio::test]
    async fn ses_is_judged_by_quota_and_sender() {
        use Outcome::{Bad, Good, Warning};
        let verified = || identity("parcels.example", "Success");
        for (name, quota, identity, want) in [
            ("in order", quota("50000.0", "7.0"), verified(), [Good, Good]),
            ("without limit", quota("-1.0", "7.0"), verified(), [Good, Good]),
            (
                "the address itself",
                quota("50000.0", "0.0"),
                identity("a@parcels.example", "Success"),
                [Good, Good],
            ),
            ("sandbox", quota("200.0", "0.0"), verified(), [Warning, Good]),
            ("used up", quota("50000.0", "50000.0"), verified(), [Bad, Good]),
            ("pending", quota("50000.0", "0.0"), identity("parcels.example", "Pending"), [Good, Bad]),
            ("another domain", quota("50000.0", "0.0"), identity("b.example", "Success"), [Good, Bad]),
            ("may not ask", denied(), denied(), [Warning, Warning]),
        ] {
            let fake = FakeHttp::answering([quota, identity]);
            let ses = SesMail::new(fake.clients().ses(), "a@parcels.example", None);
            let ses = ses.granted_domain("parcels.example");
            let outcomes: Vec<Outcome> = ses.check_up().await.iter().map(|check| check.outcome).collect();
            assert_eq!(outcomes, want, "{name}");
        }
    }
    #[tokio::test]
    async fn the_sender_is_good_only_if_the_functions_may_send_by_what_is_verified() {
        use Outcome::{Bad, Good};
        for (from, granted, verified, want, words) in [
            ("a@parcels.example", None, "a@parcels.example", Good, "verified a@parcels.example"),
            (
                "a@parcels.example",
                Some("parcels.example"),
                "a@parcels.example",
                Good,
                "verified a@parcels.example",
            ),
            (
                "a@parcels.example",
                Some("Parcels.example"),
                "parcels.example",
                Bad,
                "MailDomain is Parcels.example",
            ),
            (
                "a@mail.Parcels.example",
                Some("parcels.example"),
                "parcels.example",
                Good,
                "verified parcels.example",
            ),
            ("a@parcels.example", None, "parcels.example", Bad, "MailDomain is empty"),
            ("a@mail.parcels.example", None, "parcels.example", Bad, "MailDomain is empty"),
            ("a@parcels.example", Some("b.example"), "parcels.example", Bad, "MailDomain is b.example"),
            (
                "a@parcels.example",
                Some("b.example"),
                "b.example",
                Bad,
                "none of a@parcels.example, parcels.example:",
            ),
        ] {
            let fake = FakeHttp::answering([quota("-1.0", "0.0"), identity(verified, "Success")]);
            let mut ses = SesMail::new(fake.clients().ses(), from, None);
            if let Some(domain) = granted {
                ses = ses.granted_domain(domain);
            }
            let checks = ses.check_up().await;
            let [_, sender] = &checks[..] else { panic!("two checks: {checks:?}") };
            assert_eq!(
                (sender.outcome, sender.words.contains(words)),
                (want, true),
                "{from}, {granted:?}: {sender:?}"
            );
            if words.starts_with("MailDomain") {
                let mend = sender.mend.as_deref().unwrap_or_default();
                assert!(mend.ends_with("deploy with MailDomain=parcels.example"), "{mend}");
            }
        }
    }
}
