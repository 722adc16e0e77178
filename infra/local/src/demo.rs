//! The demo: stories over signed HTTP against the sandbox, judged by the sandbox's own record.

mod stage;
mod stories;

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use stage::Stage;

/// One story, told.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    /// What happens.
    pub(crate) story: &'static str,
    /// What should come of it.
    pub(crate) expected: String,
    /// What came of it, by the sandbox's record.
    pub(crate) actual: String,
    /// Whether they agree.
    pub(crate) ok: bool,
}

/// Plays all stories in a directory of their own; true if every one ended as it should.
pub(crate) async fn run(json: bool, out: &mut impl Write) -> Result<bool> {
    let stage = Stage::set().await?;
    let mut all = Vec::new();
    for (index, (story, play)) in stories::ALL.iter().enumerate() {
        if !json {
            write!(out, "{:>2}. {story} … ", index + 1)?;
            out.flush()?;
        }
        let told = match play(&stage).await {
            Ok((expected, actual)) => {
                let ok = expected == actual;
                Told { story, expected, actual, ok }
            }
            Err(error) => {
                Told { story, expected: "the story plays".into(), actual: format!("{error:#}"), ok: false }
            }
        };
        if json {
            writeln!(out, "{}", serde_json::to_string(&told)?)?;
        } else {
            writeln!(out, "{}", if told.ok { "ok" } else { "DIFFERS" })?;
        }
        all.push(told);
    }
    if !json {
        table(&all, out)?;
    }
    let good = all.iter().all(|told| told.ok);
    stage.strike().await;
    Ok(good)
}

fn table(all: &[Told], out: &mut impl Write) -> Result<()> {
    writeln!(out)?;
    for (index, told) in all.iter().enumerate() {
        let mark = if told.ok { "ok " } else { "NO " };
        writeln!(out, "{mark} {:>2}. {}", index + 1, told.story)?;
        writeln!(out, "       expected  {}", told.expected)?;
        if !told.ok {
            writeln!(out, "       actual    {}", told.actual)?;
        }
    }
    let good = all.iter().filter(|told| told.ok).count();
    writeln!(out, "\n{good} of {} stories ended as they should", all.len())?;
    Ok(())
}

/// How long a story waits for what should come.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it watches that nothing comes.
const WATCH: Duration = Duration::from_millis(1500);
