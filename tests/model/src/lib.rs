//! The life cycle protocol as a model, checked exhaustively for small numbers of actors.
//!
//! ARCHITECTURE.md tells the protocol. Here each step of it that another step can come between is one action, and the
//! checker tries every order of them, with a crash of every worker between any two. What the model has beside workers:
//! URLs that work until they die, a store whose Complete lands later than its caller lives, and time only as what it
//! guarantees (a garbage item is due when no URL, no Complete and no worker from before it is left).
//!
//! Messages and storage events need no state: a finalizer may begin for any live session at any moment, which covers
//! messages that are lost (it never does), late, doubled (two do) and forged.
//!
//! | Here | The code it stands for |
//! |---|---|
//! | [`steps::upload`] | `straightway_uploads::sign_parts`, `Lifecycle::complete`, the client |
//! | [`steps::finalize`] | `Lifecycle::finalize`, `Catalog::commit`, `Catalog::end_session` |
//! | [`steps::entries`] | `Lifecycle::instant_upload`, `Lifecycle::purge` |
//! | [`steps::sweep`] | the sweeper: expire, re-drive, collect, clean, and the listing audit |
//! | [`steps::replicate`] | the replicator |
//! | [`names`] | `Lifecycle::place`, folders, quota: a model of its own |
//!
//! A [`Bug`] takes one rule out. Each must lead to a counterexample: a checker that finds nothing proves nothing
//! unless it finds what is known to be wrong.

mod config;
pub mod names;
mod properties;
mod protocol;
mod records;
mod report;
mod rest;
pub mod steps;

pub use config::{Bug, Config, Content, Key, Upload};
pub use protocol::{Action, Protocol};
pub use records::{Copy, Entry, File, Garbage, Phase, Primary, Secondary, Session, State, Worker};
pub use report::{Report, check};
pub use rest::stuck_states;
