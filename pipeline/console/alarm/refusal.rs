//! Why something cannot be done to an alarm, in both languages.

/// Why something cannot be done to an alarm now, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It is over.
    #[error("this alarm is closed; only a new one can be worked on")]
    Closed,
    /// It has been answered.
    #[error("this alarm has already been answered")]
    Answered,
    /// A later stage has been reached.
    #[error("this alarm is further on already")]
    FurtherOn,
    /// The account may not.
    #[error("only a commander may do this")]
    NeedsCommander,
    /// Red is never quiet.
    #[error("a red alarm is never shelved")]
    RedIsNeverShelved,
    /// A level that is not known may be red.
    #[error("an alarm without data is never shelved: it may be red")]
    UnknownIsNeverShelved,
    /// Longer than a shelf may be.
    #[error("an alarm is shelved for at least one and at most sixty minutes")]
    ShelfLength,
    /// It is heard anyway.
    #[error("this alarm is not shelved")]
    NotShelved,
    /// Red is closed on what is known.
    #[error("an alarm that was red is closed on fresh data only, and there is none")]
    NeedsFreshData,
    /// It is still red.
    #[error("this alarm is still red")]
    StillRed,
    /// An alarm cannot be a part of itself.
    #[error("an alarm cannot be merged into itself")]
    MergeIntoItself,
    /// A worse one is not a part of a lesser one.
    #[error("an alarm is merged only into one that was at least as high")]
    MergeIntoLower,
}

impl Refusal {
    /// The same in Chinese.
    pub(crate) const fn zh(self) -> &'static str {
        match self {
            Self::Closed => "该警报已关闭",
            Self::Answered => "该警报已被确认",
            Self::FurtherOn => "该警报已进入后续阶段",
            Self::NeedsCommander => "只有指挥员可以执行此操作",
            Self::RedIsNeverShelved => "红色警报不能搁置",
            Self::UnknownIsNeverShelved => "无数据的警报不能搁置：可能为红色",
            Self::ShelfLength => "搁置时间须为一至六十分钟",
            Self::NotShelved => "该警报未被搁置",
            Self::NeedsFreshData => "曾为红色的警报须有最新数据方可关闭",
            Self::StillRed => "该警报仍为红色",
            Self::MergeIntoItself => "警报不能并入自身",
            Self::MergeIntoLower => "只能并入等级不低于它的警报",
        }
    }
}
