//! Mail through SES.

use std::error::Error;
use std::io::ErrorKind;

use async_trait::async_trait;
use aws_sdk_ses::Client;
use aws_sdk_ses::error::BuildError;
use aws_sdk_ses::operation::send_email::SendEmailError;
use aws_sdk_ses::types::{Body, Content, Destination, Message};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use ports::{Mail, MailError, OperatorNotice, OutgoingMail, without_addresses};

use crate::explain::{code, explain};

/// Sends by SES's `SendEmail` with structured fields, never raw: no text can become a header.
///
/// Give it [`Clients::ses`](crate::Clients::ses), which tries once: SES has no idempotency key, so only the
/// caller may decide whether a mail that was perhaps sent is sent again.
#[derive(Clone, Debug)]
pub struct SesMail {
    client: Client,
    from: String,
    granted_domain: Option<String>,
    configuration_set: Option<String>,
    operator: Option<(aws_sdk_sns::Client, String)>,
}

impl SesMail {
    /// Sends as `from`, an address or domain that SES has verified, by `configuration_set` if there is one.
    #[must_use]
    pub fn new(client: Client, from: impl Into<String>, configuration_set: Option<String>) -> Self {
        Self { client, from: from.into(), granted_domain: None, configuration_set, operator: None }
    }

    /// The same, where whoever sends may do so by this domain's identity, too, and not by the address's alone.
    #[must_use]
    pub fn granted_domain(mut self, domain: impl Into<String>) -> Self {
        self.granted_domain = Some(domain.into());
        self
    }

    /// The same, with an SNS topic by which the operator hears when mail does not get through.
    #[must_use]
    pub fn telling(mut self, sns: aws_sdk_sns::Client, topic_arn: impl Into<String>) -> Self {
        self.operator = Some((sns, topic_arn.into()));
        self
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// The domain by whose identity may be sent, if there is one.
    pub(crate) fn domain(&self) -> Option<&str> {
        self.granted_domain.as_deref()
    }
}

#[async_trait]
impl Mail for SesMail {
    async fn send(&self, mail: &OutgoingMail) -> Result<String, MailError> {
        let message = message(mail).map_err(|e| MailError::Refused(format!("SendEmail: {e}")))?;
        let answer = self
            .client
            .send_email()
            .source(&self.from)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .message(message)
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await
            .map_err(|e| classify(&e))?;
        Ok(answer.message_id)
    }

    async fn tell_operator(&self, notice: &OperatorNotice) -> Result<(), MailError> {
        let OperatorNotice { cause, subject, text } = notice;
        // In the log as well: a topic that nobody has subscribed to takes everything.
        tracing::error!(cause, "{subject}: {text}");
        let Some((sns, topic)) = &self.operator else { return Ok(()) };
        let subject = subject.chars().filter(|c| matches!(c, ' '..='~')).take(SUBJECT).collect::<String>();
        let told = sns.publish().topic_arn(topic).subject(subject).message(text).send().await;
        told.map(drop).map_err(|error| MailError::TryAgain(explain("Publish", &error)))
    }
}

/// Characters that SNS takes in a subject: fewer than 100, of ASCII (API reference of `Publish`, read 2026-11).
const SUBJECT: usize = 99;

fn message(mail: &OutgoingMail) -> Result<Message, BuildError> {
    let content = |text: &str| Content::builder().charset("UTF-8").data(text).build();
    let body = Body::builder().text(content(&mail.text)?).html(content(&mail.html)?).build();
    Ok(Message::builder().subject(content(&mail.subject)?).body(body).build())
}

/// Codes that another try of the same mail cannot change.
///
/// The API reference of `SendEmail` and "Common errors" of SES, read 2026-08.
const REFUSED: [&str; 8] = [
    // Unverified sender or recipient (sandbox), virus, suppressed address.
    "MessageRejected",
    "MailFromDomainNotVerifiedException",
    "MailFromDomainNotVerified",
    "ConfigurationSetDoesNotExistException",
    "ConfigurationSetDoesNotExist",
    "ConfigurationSetSendingPausedException",
    "ConfigurationSetSendingPaused",
    // An address that is none.
    "InvalidParameterValue",
];

fn classify(error: &SdkError<SendEmailError, HttpResponse>) -> MailError {
    let words = without_addresses(&explain("SendEmail", error));
    match error {
        SdkError::ServiceError(answer) => match code(error) {
            Some(code) if REFUSED.contains(&code) => MailError::Refused(words),
            Some("Throttling") => MailError::TryAgain(words),
            // Sending paused, not allowed (yet): nothing was sent, and a person may lift it.
            Some(_) if answer.raw().status().is_client_error() => MailError::TryAgain(words),
            // It failed on their side, perhaps after the mail was taken, or the answer cannot be read.
            Some(_) | None => MailError::MaybeSent(words),
        },
        SdkError::ConstructionFailure(_) => MailError::TryAgain(words),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(cause) if failure.is_user() || never_connected(cause) => MailError::TryAgain(words),
            _ => MailError::MaybeSent(words),
        },
        // No answer in time, an unreadable one, and whatever a later SDK may add.
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) | _ => MailError::MaybeSent(words),
    }
}

/// Whether the cause says that no connection came about.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        let kind = inner.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(
            kind,
            Some(ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable)
        ) {
            return true;
        }
        cause = inner.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_http::{Answer, FakeHttp};

    fn mail() -> OutgoingMail {
        OutgoingMail {
            id: "mail-1".into(),
            to: "shop@example.com".into(),
            subject: "Carrier to map: Päckli\r\nBcc: x@example.com".into(),
            text: "Grüße & more".into(),
            html: "<p>Grüße &amp; more</p>".into(),
        }
    }

    fn ses(fake: &FakeHttp) -> SesMail {
        SesMail::new(fake.clients().ses(), "parcels@example.com", Some("watched".into()))
    }

    fn refusal(code: &str) -> String {
        format!(
            "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>said so</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        )
    }

    #[tokio::test]
    async fn a_mail_is_sent_in_structured_fields() {
        let taken = "<SendEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><SendEmailResult>\
                     <MessageId>m-7</MessageId></SendEmailResult></SendEmailResponse>";
        let fake = FakeHttp::answering([Answer::xml(200, taken)]);
        assert_eq!(ses(&fake).send(&mail()).await.as_deref(), Ok("m-7"));
        let [sent] = &fake.seen()[..] else { panic!("one request") };
        for field in [
            "Action=SendEmail",
            "Source=parcels%40example.com",
            "Destination.ToAddresses.member.1=shop%40example.com",
            "Message.Subject.Data=Carrier%20to%20map%3A%20P%C3%A4ckli%0D%0ABcc%3A%20x%40example.com",
            "Message.Subject.Charset=UTF-8",
            "Message.Body.Text.Data=Gr%C3%BC%C3%9Fe%20%26%20more",
            "Message.Body.Html.Charset=UTF-8",
            "ConfigurationSetName=watched",
        ] {
            assert!(sent.body.split('&').any(|part| part == field), "{field}: {}", sent.body);
        }
    }

    #[tokio::test]
    async fn the_operator_hears_by_the_topic_and_without_one_by_the_log() {
        const TOPIC: &str = "arn:aws:sns:eu-central-1:000000000000:ops";
        let taken =
            "<PublishResponse><PublishResult><MessageId>n-1</MessageId></PublishResult></PublishResponse>";
        let notice = OperatorNotice {
            cause: "refused".into(),
            subject: format!("no\nmail ü {}", "x".repeat(200)),
            text: "why & what".into(),
        };
        let denied = refusal("AuthorizationError");
        let fake = FakeHttp::answering([Answer::xml(200, taken), Answer::xml(403, &denied)]);
        let mail = ses(&fake).telling(fake.clients().sns(), TOPIC);
        assert_eq!(mail.tell_operator(&notice).await, Ok(()));
        let refused = mail.tell_operator(&notice).await;
        assert!(matches!(&refused, Err(MailError::TryAgain(words)) if words.contains("AuthorizationError")));
        let body = &fake.seen()[0].body;
        let subject = format!("Subject=nomail%20%20{}", "x".repeat(99 - 8));
        let topic = "TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A000000000000%3Aops";
        for field in ["Action=Publish", topic, "Message=why%20%26%20what", &subject] {
            assert!(body.split('&').any(|part| part == field), "{field}: {body}");
        }
        let without = FakeHttp::answering([]);
        assert_eq!(ses(&without).tell_operator(&notice).await, Ok(()));
    }

    #[tokio::test]
    async fn refusals_are_sorted_and_tried_once() {
        let cases = [
            ("MessageRejected", 400, "refused"),
            ("MailFromDomainNotVerified", 400, "refused"),
            ("ConfigurationSetDoesNotExist", 400, "refused"),
            ("ConfigurationSetSendingPaused", 400, "refused"),
            ("InvalidParameterValue", 400, "refused"),
            ("Throttling", 400, "try again"),
            ("Throttling", 503, "try again"),
            ("AccountSendingPaused", 400, "try again"),
            ("AccessDenied", 403, "try again"),
            ("ExpiredToken", 403, "try again"),
            ("InternalFailure", 500, "maybe"),
            ("ServiceUnavailable", 503, "maybe"),
        ];
        for (code, status, want) in cases {
            let fake = FakeHttp::answering([Answer::xml(status, &refusal(code))]);
            let got = match ses(&fake).send(&mail()).await.unwrap_err() {
                MailError::Refused(words) => ("refused", words),
                MailError::TryAgain(words) => ("try again", words),
                MailError::MaybeSent(words) => ("maybe", words),
            };
            assert_eq!(got.0, want, "{code} {status}");
            assert!(got.1.contains(code), "{}", got.1);
            assert_eq!(fake.seen().len(), 1, "{code} {status}");
        }
    }

    #[tokio::test]
    async fn what_ses_says_of_a_recipient_names_no_address() {
        let said = refusal("MessageRejected").replace(
            "said so",
            "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: \
             shop@example.com",
        );
        let fake = FakeHttp::answering([Answer::xml(400, &said)]);
        let words = ses(&fake).send(&mail()).await.unwrap_err().to_string();
        assert!(words.ends_with("EU-CENTRAL-1: …@example.com") && !words.contains("shop@"), "{words}");
    }

    #[tokio::test]
    async fn a_lost_answer_may_have_been_sent_and_a_refused_connection_not() {
        for (answer, want) in [
            (Answer::io(ErrorKind::ConnectionRefused), "try again"),
            (Answer::io(ErrorKind::ConnectionReset), "maybe"),
            (Answer::timeout(), "maybe"),
            (Answer::xml(200, "<not-xml"), "maybe"),
        ] {
            let fake = FakeHttp::answering([answer]);
            let got = ses(&fake).send(&mail()).await.unwrap_err();
            let kind = if matches!(got, MailError::MaybeSent(_)) { "maybe" } else { "try again" };
            assert_eq!(kind, want, "{got}");
            assert_eq!(fake.seen().len(), 1, "{got}");
        }
    }
}
