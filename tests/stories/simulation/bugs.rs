//! Seeded bugs: defects that a port, a worker or a setting may have, to prove that the oracle sees them.

/// A defect of the world around the workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// The ledger writes whatever the condition says.
    LedgerIgnoresConditions,
    /// The ledger says that it wrote, and did not.
    LedgerLosesWrites,
    /// The queue says that it took a message, and did not.
    QueueLosesMessages,
    /// Messages are deleted before they are worked on.
    AcksBeforeWork,
    /// A confirmation without an answer is sent again at once.
    RepeatsConfirmBlindly,
    /// Calls that may have been applied are said not to have been sent.
    SaysNothingSent,
    /// Calls without an answer are said to have been answered.
    SaysAccepted,
    /// Deliveries are accepted though they could not be stored, or before they are.
    AcceptsWhatIsNotStored,
    /// Nothing sweeps.
    NoSweep,
    /// Nothing polls.
    NoPoll,
    /// Mails are said to be sent, and are not.
    MailLost,
    /// Every mail is sent three times.
    MailThrice,
    /// Forged deliveries verify.
    ForgeriesVerify,
    /// Reads of orders come from a cache ten minutes old.
    ReadsFromACache,
    /// A doubt is settled by the first read, though late requests may still land.
    DoubtSettlesAtOnce,
    /// Workers' clocks differ by up to twenty minutes, either way.
    ClocksJumpBackwards,
    /// Confirmations go out with one unit more.
    OneUnitMore,
    /// Confirmations go out with another number.
    WrongNumber,
    /// Confirmations go out under a fresh reference each time.
    FreshReferences,
    /// Parcels of FBA orders and the like are sent on: nothing is ever *not ours*.
    ShipsWhatIsNotOurs,
}

impl Bug {
    pub(super) const ALL: [Self; 20] = [
        Self::LedgerIgnoresConditions,
        Self::LedgerLosesWrites,
        Self::QueueLosesMessages,
        Self::AcksBeforeWork,
        Self::RepeatsConfirmBlindly,
        Self::SaysNothingSent,
        Self::SaysAccepted,
        Self::AcceptsWhatIsNotStored,
        Self::NoSweep,
        Self::NoPoll,
        Self::MailLost,
        Self::MailThrice,
        Self::ForgeriesVerify,
        Self::ReadsFromACache,
        Self::DoubtSettlesAtOnce,
        Self::ClocksJumpBackwards,
        Self::OneUnitMore,
        Self::WrongNumber,
        Self::FreshReferences,
        Self::ShipsWhatIsNotOurs,
    ];
}
