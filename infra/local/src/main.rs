//! The one-machine system, and the command line to it.

mod cli;
mod demo;
mod deployed;
mod embedded;
mod examine;
mod long;
mod quickstart;
mod sandbox_host;
mod serve;
mod system;

use std::process::ExitCode;

use cli::{Cli, Out};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::read();
    match cli.long() {
        None => cli.run().await,
        Some(what) => {
            let outcome = long::run(what, &cli.global).await;
            Out::new(cli.global.json).end(outcome)
        }
    }
}
