//! The demo: stories over signed HTTP against the sandbox, judged by the sandbox's own record.

mod poison;
mod stage;
mod stories;

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::cli::Failure;
pub(crate) use stage::Elsewhere;
use stage::Stage;

/// What is left in queues that are empty.
const NOTHING: &str = "nothing";

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
pub(crate) async fn run(
    elsewhere: Option<Elsewhere<'_>>,
    json: bool,
    out: &mut impl Write,
) -> Result<bool, Failure> {
    let stage = Stage::set(elsewhere).await?;
    let good = play(&stage, json, out).await?;
    let left = stage.left_in_queues().await?;
    if let Some(left) = &left
        && !json
    {
        writeln!(out, "left in the queues: {left}").map_err(anyhow::Error::from)?;
    }
    stage.strike().await;
    Ok(good && left.is_none_or(|left| left == NOTHING))
}

async fn play(stage: &Stage, json: bool, out: &mut impl Write) -> Result<bool> {
    let mut all = Vec::new();
    let mut stories = stories::ALL.to_vec();
    if stage.host.deployed().is_some() {
        stories.push(("A poison record among ten", |stage| Box::pin(poison::among_ten(stage))));
    }
    for (index, (story, play)) in stories.into_iter().enumerate() {
        if !json {
            write!(out, "{:>2}. {story} … ", index + 1)?;
            out.flush()?;
        }
        let told = match play(stage).await {
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
    Ok(all.iter().all(|told| told.ok))
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
/// The same in a stack, where functions start cold and queues count whole seconds.
const PATIENCE_DEPLOYED: Duration = Duration::from_secs(180);
/// How long it watches that nothing comes.
const WATCH: Duration = Duration::from_millis(1500);
