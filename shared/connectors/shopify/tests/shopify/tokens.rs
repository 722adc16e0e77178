//! Tokens that an app fetches with its client id and client secret.

use std::time::Duration;

use async_trait::async_trait;
use connector_api::{ChannelError, Failure, MerchantAction, Outcome, Reach, Reached, Store as _};
use connector_shopify::Shopify;
use domain::ids::StoreOrderId;
use futures::future::join_all;
use ports::memory::MemoryCredentials;
use ports::{Credential, Credentials as _, Transport, TransportError};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockBuilder, MockServer, ResponseTemplate};

use super::reads::{ORDER, at, ok};
use super::support::{Ports, TOKEN, connection, fixture};

const ID: &str = "canary-client-1d";
const SECRET: &str = "shpss_canary-client-5ecre7";
const SECOND: &str = "shpat_canary-second-5ecre7";
const RECONNECT: Failure = Failure::NeedsMerchant { action: MerchantAction::Reconnect };
const PASSING: Failure = Failure::Retryable { reached: Reached::No, after: None };

fn ports() -> Ports {
    Ports::with_secrets(&[("client_id", ID), ("client_secret", SECRET)])
}

fn asks_token() -> MockBuilder {
    Mock::given(method("POST")).and(path("/admin/oauth/access_token"))
}

fn gives(token: &str) -> ResponseTemplate {
    ok(json!({"access_token": token, "scope": "read_orders", "expires_in": 86399}))
}

/// Answers reads of the order that carry `token`.
async fn opens_with(server: &MockServer, token: &str) {
    Mock::given(path("/admin/api/2026-10/graphql.json"))
        .and(header("x-shopify-access-token", token))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(fixture("admin.order")))
        .mount(server)
        .await;
}

/// Answers all that comes to GraphQL as if the token were not known.
async fn refuses_tokens(server: &MockServer) {
    Mock::given(path("/admin/api/2026-10/graphql.json"))
        .respond_with(ResponseTemplate::new(401).set_body_json(json!({"errors": "[API] Invalid API key"})))
        .with_priority(9)
        .mount(server)
        .await;
}

async fn read(ports: &Ports, server: &MockServer) -> Result<(), ChannelError> {
    let order = StoreOrderId::try_from(ORDER).unwrap();
    Shopify.read_order(ports.reach(), &at(server), &order).await.map(drop)
}

async fn kept(ports: &Ports) -> Credential {
    ports.credentials.load(&connection(&[]).account).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_token_is_fetched_by_a_form_kept_for_its_day_and_fetched_again() {
    let server = MockServer::start().await;
    asks_token()
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(header("accept", "application/json"))
        .and(body_string(format!("grant_type=client_credentials&client_id={ID}&client_secret={SECRET}")))
        .respond_with(gives(TOKEN))
        .up_to_n_times(1)
        .expect(1)
        .mount(&server)
        .await;
    asks_token().respond_with(gives(SECOND)).with_priority(9).expect(1).mount(&server).await;
    opens_with(&server, TOKEN).await;
    let ports = ports();
    for _ in 0..3 {
        read(&ports, &server).await.unwrap();
    }
    let access = kept(&ports).await.access.unwrap();
    assert_eq!(access.token.expose_secret(), TOKEN, "saved for others");
    let now = ports.reach().clock.now();
    assert_eq!(access.expires_at.duration_since(now).as_secs(), 86_399);
    // A minute before its end it is not begun with.
    ports.clock.advance(Duration::from_secs(86_399 - 60));
    server.reset().await;
    asks_token().respond_with(gives(SECOND)).expect(1).mount(&server).await;
    opens_with(&server, SECOND).await;
    read(&ports, &server).await.unwrap();
    read(&ports, &server).await.unwrap();
}

#[tokio::test]
async fn one_request_serves_all_who_wait() {
    let server = MockServer::start().await;
    asks_token()
        .respond_with(gives(TOKEN).set_delay(Duration::from_millis(200)))
        .expect(1)
        .mount(&server)
        .await;
    opens_with(&server, TOKEN).await;
    let ports = ports();
    for error in join_all((0..20).map(|_| read(&ports, &server))).await.into_iter().filter_map(Result::err) {
        let waits = matches!(error.failure, Failure::Retryable { reached: Reached::No, after: Some(_) });
        assert!(waits, "{error}");
    }
    for done in join_all((0..20).map(|_| read(&ports, &server))).await {
        done.unwrap();
    }
}

#[tokio::test]
async fn a_refused_token_is_forgotten_and_the_next_call_has_a_new_one() {
    for status in [401, 403] {
        let server = MockServer::start().await;
        let ports = ports();
        asks_token().respond_with(gives(TOKEN)).up_to_n_times(1).expect(1).mount(&server).await;
        opens_with(&server, TOKEN).await;
        read(&ports, &server).await.unwrap();

        server.reset().await;
        asks_token().respond_with(gives(SECOND)).expect(1).mount(&server).await;
        opens_with(&server, SECOND).await;
        Mock::given(header("x-shopify-access-token", TOKEN))
            .respond_with(ResponseTemplate::new(status))
            .expect(1)
            .mount(&server)
            .await;
        assert_eq!(read(&ports, &server).await.unwrap_err().failure, PASSING, "{status}");
        assert!(kept(&ports).await.access.is_none());
        read(&ports, &server).await.unwrap();
    }
    // One that is refused as soon as it was given says that something is wrong for good.
    let server = MockServer::start().await;
    asks_token().respond_with(gives(TOKEN)).mount(&server).await;
    refuses_tokens(&server).await;
    let ports = ports();
    assert_eq!(read(&ports, &server).await.unwrap_err().failure, RECONNECT);
    assert!(kept(&ports).await.access.is_none(), "nobody else tries it");
}

#[tokio::test]
async fn refusals_of_the_credentials_are_told_in_shopifys_words_without_a_secret() {
    let json = |status, error: &str, words: &str| {
        let echo = format!("{words} {ID} {SECRET}");
        ResponseTemplate::new(status).set_body_json(json!({"error": error, "error_description": echo}))
    };
    let page = |words: &str| {
        let page = format!("<!DOCTYPE html><title>Oauth error {words} {SECRET}</title>");
        ResponseTemplate::new(400).set_body_raw(page, "text/html")
    };
    let seven = Some(Duration::from_secs(7));
    for (name, answer, want, words) in [
        (
            "wrong",
            json(400, "invalid_client", "Who?"),
            RECONNECT,
            "do not fit together, or the secret was replaced",
        ),
        (
            "unknown",
            json(400, "application_cannot_be_found", "No."),
            RECONNECT,
            "no app with this `client_id`",
        ),
        (
            "removed",
            json(400, "app_not_installed", "Not here."),
            RECONNECT,
            "install it from the Dev Dashboard",
        ),
        (
            "elsewhere",
            page("shop_not_permitted: Client credentials cannot be performed on this shop."),
            RECONNECT,
            "Client credentials cannot be performed on this shop.",
        ),
        ("no shop", ResponseTemplate::new(404), RECONNECT, "no shop at this address"),
        (
            "throttled",
            ResponseTemplate::new(429).insert_header("retry-after", "7"),
            // Whoever gives tokens counts them apart: the API's own limit is not closed for it.
            Failure::Retryable { reached: Reached::No, after: seven },
            "too many",
        ),
        ("broken", ResponseTemplate::new(500), PASSING, "no token"),
        (
            "away",
            ResponseTemplate::new(503).insert_header("retry-after", "7"),
            Failure::Retryable { reached: Reached::No, after: seven },
            "no token",
        ),
        (
            "moved",
            ResponseTemplate::new(302).insert_header("location", "https://evil.example"),
            RECONNECT,
            "another address",
        ),
    ] {
        let server = MockServer::start().await;
        asks_token()
            .respond_with(answer.insert_header("x-request-id", SECRET))
            .expect(1)
            .mount(&server)
            .await;
        let ports = ports();
        let error = read(&ports, &server).await.unwrap_err();
        assert_eq!(error.failure, want, "{name}: {error}");
        assert!(error.detail.contains(words), "{name}: {error}");
        assert_eq!((error.channel, error.operation), ("Shopify", "token"), "{name}");
        let shown = format!("{error} {error:?} {:?}", kept(&ports).await);
        assert!(!shown.contains(SECRET) && !shown.contains(ID), "{name}: {shown}");
        let kept = kept(&ports).await;
        // Nobody asks again before the pause is over that was asked for.
        assert_eq!(kept.refreshing_until.is_some(), name == "throttled", "{name}");
        assert!(kept.access.is_none(), "{name}");
    }
}

#[tokio::test]
async fn answers_that_are_no_tokens_are_not_kept() {
    let token = |token: &str| json!({"access_token": token, "expires_in": 86399}).to_string();
    for (name, body) in [
        ("HTML", "<html>Something went wrong</html>".to_owned()),
        ("empty", String::new()),
        ("null", "null".to_owned()),
        ("a list", "[]".to_owned()),
        ("half", r#"{"access_token":"shpat"#.to_owned()),
        ("deep nesting", "[".repeat(100_000)),
        ("no token", r#"{"scope":"read_orders","expires_in":86399}"#.to_owned()),
        ("empty token", token(" ")),
        ("a list as token", r#"{"access_token":["x"],"expires_in":86399}"#.to_owned()),
        ("two lines", token("shpat\r\nx-evil: 1")),
        ("huge", token(&"x".repeat(3_000_000))),
        (
            "an error beside",
            json!({"access_token": TOKEN, "error": TOKEN, "error_description": TOKEN}).to_string(),
        ),
    ] {
        let server = MockServer::start().await;
        asks_token().respond_with(ResponseTemplate::new(200).set_body_string(body)).mount(&server).await;
        let ports = ports();
        let error = read(&ports, &server).await.unwrap_err();
        assert_eq!(error.failure, PASSING, "{name}: {error}");
        assert!(!format!("{error:?}").contains(TOKEN), "{name}");
        assert!(kept(&ports).await.access.is_none(), "{name}");
    }
}

#[tokio::test]
async fn a_life_that_is_not_told_or_not_believed_is_bounded() {
    for (told, want) in [
        (Value::Null, 3_600),
        (json!("86399"), 86_399),
        (json!(-5), 3_600),
        (json!(4_000_000_000_u32), 86_399),
        (json!(u64::MAX), 3_600),
        (json!({}), 3_600),
        (json!(0), 0),
    ] {
        let server = MockServer::start().await;
        let answer = ok(json!({"access_token": TOKEN, "expires_in": told}));
        asks_token().respond_with(answer).mount(&server).await;
        opens_with(&server, TOKEN).await;
        let ports = ports();
        read(&ports, &server).await.unwrap();
        let ends = kept(&ports).await.access.unwrap().expires_at;
        assert_eq!(ends.duration_since(ports.reach().clock.now()).as_secs(), want, "{told}");
    }
}

#[tokio::test]
async fn secrets_that_do_not_say_which_way_are_named_and_nothing_is_sent() {
    let server = MockServer::start().await;
    for (name, given, named) in [
        ("none", vec![], vec!["client_id", "client_secret", "access_token"]),
        ("half", vec![("client_id", ID)], vec!["client_secret"]),
        ("the other half", vec![("client_secret", SECRET), ("client_id", " ")], vec!["client_id"]),
        (
            "both",
            vec![("client_id", ID), ("client_secret", SECRET), ("access_token", TOKEN)],
            vec!["client_id", "client_secret", "access_token"],
        ),
        (
            "one and a half",
            vec![("client_id", ID), ("access_token", TOKEN)],
            vec!["client_id", "access_token"],
        ),
    ] {
        let error = read(&Ports::with_secrets(&given), &server).await.unwrap_err();
        assert_eq!(error.failure, RECONNECT, "{name}");
        for key in named {
            assert!(error.detail.contains(&format!("`{key}`")), "{name}: {error}");
        }
        let shown = format!("{error} {error:?}");
        assert!([ID, SECRET, TOKEN].iter().all(|secret| !shown.contains(secret)), "{name}: {shown}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

/// Shopify, while the merchant gives another client secret in the middle of the first request.
struct Replacing {
    credentials: MemoryCredentials,
}

fn credential(secret: &str) -> Credential {
    let secrets = [("client_id", ID), ("client_secret", secret)];
    let secrets = secrets.map(|(name, text)| (name.to_owned(), SecretString::from(text)));
    Credential { secrets: secrets.into(), ..Credential::default() }
}

#[async_trait]
impl Transport for Replacing {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        if request.uri().path() != "/admin/oauth/access_token" {
            return Ok(http::Response::new(fixture("admin.order")));
        }
        let form = String::from_utf8(request.into_body()).unwrap();
        let of_old = form.ends_with("client_secret=old");
        if of_old {
            self.credentials.put(connection(&[]).account, credential("new"));
        }
        let body = if form.ends_with("=refused") {
            json!({"error": "invalid_client"})
        } else {
            json!({"access_token": if of_old { TOKEN } else { SECOND }, "expires_in": 86399})
        };
        Ok(http::Response::new(body.to_string().into_bytes()))
    }
}

#[tokio::test]
async fn a_secret_that_is_replaced_while_a_token_is_fetched_counts() {
    let ports = ports();
    let replacing = Replacing { credentials: MemoryCredentials::default() };
    let account = connection(&[]).account;
    replacing.credentials.put(account.clone(), credential("old"));
    let reach = Reach { transport: &replacing, credentials: &replacing.credentials, ..ports.reach() };
    let order = StoreOrderId::try_from(ORDER).unwrap();
    Shopify.read_order(reach, &connection(&[]), &order).await.unwrap();
    let kept = replacing.credentials.load(&account).await.unwrap().unwrap();
    assert_eq!(kept.secret("client_secret").unwrap().expose_secret(), "new");
    assert_eq!(kept.access.unwrap().token.expose_secret(), SECOND, "the one that the new secret gave");
}

#[tokio::test]
async fn a_check_up_believes_the_installation_and_asks_again_with_a_new_token() {
    let server = MockServer::start().await;
    let scopes = "read_orders,read_merchant_managed_fulfillment_orders";
    let lies = |token: &str| ok(json!({"access_token": token, "scope": scopes, "expires_in": 86399}));
    let says = || {
        ok(json!({"data": {
            "shop": {"myshopifyDomain": "potters-row.myshopify.com"},
            "currentAppInstallation": {"accessScopes": [{"handle": "read_products"}]},
            "publicApiVersions": [{"handle": "2026-10", "supported": true}],
        }}))
    };
    asks_token().respond_with(lies(TOKEN)).up_to_n_times(1).mount(&server).await;
    asks_token().respond_with(lies(SECOND)).with_priority(9).mount(&server).await;
    Mock::given(header("x-shopify-access-token", TOKEN))
        .respond_with(says())
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(header("x-shopify-access-token", SECOND)).respond_with(says()).mount(&server).await;
    refuses_tokens(&server).await;
    let ports = ports();
    // The second time the first token is refused, as after a day that nobody noticed.
    for token in [TOKEN, SECOND] {
        let checks = Shopify.check_up(ports.reach(), &at(&server)).await;
        let scopes = checks.iter().find(|check| check.check == "scopes").unwrap();
        assert_eq!(scopes.outcome, Outcome::Bad);
        assert!(scopes.words.contains("no read_orders and read_merchant_managed_fulfillment_orders"));
        assert_eq!(kept(&ports).await.access.unwrap().token.expose_secret(), token);
    }
    server.reset().await;
    asks_token()
        .respond_with(ResponseTemplate::new(400).set_body_json(json!({"error": "app_not_installed"})))
        .mount(&server)
        .await;
    refuses_tokens(&server).await;
    let checks = Shopify.check_up(ports.reach(), &at(&server)).await;
    assert_eq!((checks.len(), checks[0].check, checks[0].outcome), (1, "credentials", Outcome::Bad));
    assert!(
        checks[0].words.contains("not installed")
            && checks[0].mend.as_ref().unwrap().contains("`client_secret`"),
        "{checks:?}"
    );
}
