//! Mails as they are read, and as somebody might try to abuse them.

mod injection;
mod samples;
mod snapshots;
