//! The log of a function: one JSON line per event on the standard output; what counts, in `CloudWatch`'s format.

use std::fmt::Debug;
use std::io::Write as _;
use std::sync::Arc;

use ports::{Clock, SystemClock};
use serde_json::{Map, Value};
use settings::function::Common;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use workflow::metrics::{TARGET, emf};

/// Starts the log of `function`, once in a process.
///
/// # Errors
/// `LOG_LEVEL` is no filter, or there is a log already.
pub(crate) fn start(function: &'static str, common: &Common) -> anyhow::Result<()> {
    Ok(subscriber(function, common, Arc::new(SystemClock), std::io::stdout)?.try_init()?)
}

fn subscriber<W>(
    function: &'static str,
    common: &Common,
    clock: Arc<dyn Clock>,
    out: W,
) -> anyhow::Result<impl Subscriber + Send + Sync + 'static>
where
    W: for<'w> MakeWriter<'w> + Clone + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(out.clone())
        .with_filter(EnvFilter::try_new(&common.log)?.and(filter_fn(|of| of.target() != TARGET)));
    // The prefix is the stack's name and a dash: stacks of one account are counted apart.
    let stack = common.table_prefix.strip_suffix('-').unwrap_or(&common.table_prefix);
    let counts = Counts { namespace: format!("Parcelwire/{stack}"), function, clock, out };
    // What counts is written whatever the level; spans of ours are of the level of errors.
    let counted = |of: &Metadata<'_>| of.target() == TARGET || of.is_span() && *of.level() == Level::ERROR;
    let counts = counts.with_filter(filter_fn(counted).with_max_level_hint(LevelFilter::INFO));
    Ok(tracing_subscriber::registry().with(lines).with(counts))
}

/// Writes the events that count.
struct Counts<W> {
    namespace: String,
    function: &'static str,
    clock: Arc<dyn Clock>,
    out: W,
}

/// The fields of a span or an event, as JSON.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl<S, W> Layer<S> for Counts<W>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut all = Fields::default();
        // From the outermost inwards: what is nearer says more.
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(Fields(fields)) = span.extensions().get::<Fields>() {
                all.0.extend(fields.clone());
            }
        }
        event.record(&mut all);
        let at_ms = self.clock.now().as_millisecond();
        if let Some(line) = emf(&self.namespace, self.function, at_ms, all.0) {
            // One write a line, so that lines of several tasks never mix. A log that is closed cannot be told of.
            let _unheard = self.out.make_writer().write_all(format!("{line}\n").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    use ports::memory::ManualClock;
    use serde_json::json;
    use settings::function::AwsAccess;
    use workflow::metrics::{About, Metric, note};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn common(log: &str) -> Common {
        let aws = AwsAccess {
            region: "eu-central-1".into(),
            access_key_id: "AKIA".into(),
            secret_access_key: String::from("x").into(),
            session_token: None,
            endpoint_url: None,
        };
        Common { aws, table_prefix: "pw-main-".into(), allow_base_urls: false, log: log.into() }
    }

    fn written(log: &str, what: impl FnOnce()) -> Vec<Value> {
        let page = Page::default();
        let clock = Arc::new(ManualClock::at("2026-11-21T10:00:00Z".parse().unwrap()));
        let out = page.clone();
        let subscriber = subscriber("sync-order", &common(log), clock, move || out.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, what);
        let bytes = page.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_says_what_it_is_about_in_fields() {
        let lines = written("info", || {
            let span = tracing::error_span!("look", order = "111-1", trace_id = tracing::field::Empty);
            span.record("trace_id", "1-2-3");
            span.in_scope(|| tracing::info!(duration_ms = 7, "looked"));
            tracing::debug!("not asked for");
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((&line["message"], &line["level"]), (&json!("looked"), &json!("INFO")));
        assert_eq!(line["duration_ms"], 7);
        assert_eq!(line["span"], json!({ "name": "look", "order": "111-1", "trace_id": "1-2-3" }));
    }

    #[test]
    fn what_counts_is_one_line_in_cloudwatchs_format_whatever_is_logged() {
        for log in ["error", "info", "debug"] {
            let lines = written(log, || {
                let span = tracing::error_span!("look", order = "other", trace_id = "1-2-3");
                let _in = span.enter();
                let about = About { marketplace: Some("amazon"), order: Some("111-1"), ..About::default() };
                note(Metric::Held, 2, &about);
            });
            let [line] = lines.as_slice() else { panic!("{log}: {lines:?}") };
            let directive = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!(directive["Namespace"], "Parcelwire/pw-main");
            assert_eq!(directive["Dimensions"], json!([["marketplace"]]));
            assert_eq!(line["_aws"]["Timestamp"], 1_795_255_200_000_i64);
            assert_eq!((&line["held"], &line["marketplace"]), (&json!(2), &json!("amazon")));
            assert_eq!((&line["order"], &line["trace_id"]), (&json!("111-1"), &json!("1-2-3")));
            assert_eq!(line["function"], "sync-order");
        }
    }

    #[test]
    fn a_level_that_is_none_stops_the_start() {
        let clock = Arc::new(ManualClock::at("2026-11-21T10:00:00Z".parse().unwrap()));
        assert!(subscriber("f", &common("=="), clock, std::io::sink).is_err());
    }
}
