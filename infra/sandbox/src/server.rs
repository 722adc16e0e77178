//! The stand-ins over HTTP, each below its own prefix.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::{Outcome, Standin};

/// The largest body taken, bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// How long to wait after accepting failed (no file handles left, say) before accepting again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A stand-in and the path prefix it is found below.
pub type Mount = (String, Arc<Mutex<dyn Standin>>);
/// What time it is.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The connection is to be cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut off on purpose")]
struct CutOff;

/// Serves the stand-ins until the returned future is dropped, which also ends every open connection.
///
/// The longest matching prefix (`/amazon`; empty for everything) wins and is taken off the path before the
/// stand-in sees the request. Bodies over 16 MB are answered 413, other paths 404. A stand-in is locked only
/// while it decides: a late answer keeps nobody else waiting.
pub async fn serve(listener: TcpListener, mounts: Vec<Mount>, clock: Now) {
    let mut mounts = mounts;
    for (prefix, _) in &mut mounts {
        prefix.truncate(prefix.trim_end_matches('/').len());
    }
    mounts.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
    let mounts: Arc<[Mount]> = mounts.into();
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, Arc::clone(&mounts), Arc::clone(&clock)));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Serves one connection. Errors end it: that is what cutting off means.
fn connection(stream: TcpStream, mounts: Arc<[Mount]>, clock: Now) -> impl Future<Output = ()> + Send {
    // Answers are small; waiting to fill a segment would only slow them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, Arc::clone(&mounts), Arc::clone(&clock)));
    async move {
        let served =
            http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        let _ = served.await;
    }
}

async fn answer(
    request: Request<Incoming>,
    mounts: Arc<[Mount]>,
    clock: Now,
) -> Result<Response<Full<Bytes>>, CutOff> {
    let (mut parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Err(_) => return Err(CutOff),
    };
    let Some((prefix, standin, uri)) = mounts.iter().find_map(|(prefix, standin)| {
        let rest = parts.uri.path().strip_prefix(prefix.as_str())?;
        let ours = rest.is_empty() || rest.starts_with('/');
        ours.then(|| below(&parts.uri, rest)).map(|uri| (prefix, standin, uri))
    }) else {
        return Ok(plain(StatusCode::NOT_FOUND));
    };
    parts.uri = uri;
    let mut request = Request::from_parts(parts, body);
    crate::recorded::write(prefix, &request);
    // A stand-in that tells addresses of its own must know what was taken off.
    if let Ok(prefix) = http::HeaderValue::from_str(prefix) {
        request.headers_mut().insert("x-forwarded-prefix", prefix);
    }
    let outcome = {
        // A stand-in that panicked has lost one request, not its state.
        let mut standin = standin.lock().unwrap_or_else(PoisonError::into_inner);
        standin.handle(clock(), &request)
    };
    match outcome {
        Outcome::Answer(response) => Ok(response.map(|body| Full::new(body.into()))),
        Outcome::CutOff => Err(CutOff),
        Outcome::Late(wait, response) => {
            tokio::time::sleep(wait).await;
            Ok(response.map(|body| Full::new(body.into())))
        }
    }
}

/// The address with this path in place of its own.
fn below(uri: &Uri, path: &str) -> Uri {
    let path = if path.is_empty() { "/" } else { path };
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    // A part of a valid address is a valid address.
    text.parse().unwrap_or_else(|_| uri.clone())
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
