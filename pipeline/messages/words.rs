//! A warning in words, and what is to be done.

use throng_analytics::{
    freshness::Freshness,
    level::Level,
    site::ZoneReport,
    wire::{Text, WarningAction},
};

/// What to do at a level (Helbing and Mukerji 2012, table 6); without a level somebody must look.
pub(super) fn action(level: Option<Level>) -> WarningAction {
    match level {
        None => WarningAction::VerifyByEye,
        Some(Level::Normal) => WarningAction::None,
        Some(Level::Blue) => WarningAction::Monitor,
        Some(Level::Yellow) => WarningAction::Prepare,
        Some(Level::Orange) => WarningAction::LimitInflow,
        Some(Level::Red) => WarningAction::RelievePressure,
    }
}

/// The warning in words.
pub(super) fn text(name: &str, level: Option<Level>, zone: &ZoneReport, drill: bool) -> Text {
    let (level_zh, level_en, todo_zh, todo_en) = match level {
        None => ("未知", "UNKNOWN", "数据中断，请立即人工查看。", "No data: look with your own eyes."),
        Some(Level::Normal) => ("正常", "normal", "预警解除。", "The warning is over."),
        Some(Level::Blue) => ("蓝色", "BLUE", "加强观察。", "Watch more closely."),
        Some(Level::Yellow) => ("黄色", "YELLOW", "准备人员和疏导路线。", "Get staff and routes ready."),
        Some(Level::Orange) => (
            "橙色",
            "ORANGE",
            "限制进入，告知并引导人群分流。",
            "Limit the inflow, inform and redirect people.",
        ),
        Some(Level::Red) => (
            "红色",
            "RED",
            "停止进入，打开出口，缓解挤压；由现场指挥决定。",
            "Stop the inflow, open exits, relieve the pressure. A human decides.",
        ),
    };
    let figures = match (zone.density_people_per_m2, zone.people) {
        (Some(density), Some(people)) if zone.freshness <= Freshness::Degraded => (
            format!("每平方米{:.1}人，约{:.0}人。", density.value, people.value),
            format!("{:.1} people/m2, about {:.0} people. ", density.value, people.value),
        ),
        _ => (String::new(), String::new()),
    };
    let (drill_zh, drill_en) = if drill { ("【演练】", "DRILL: ") } else { ("", "") };
    Text {
        zh: format!("{drill_zh}{name}：{level_zh}。{}{todo_zh}", figures.0),
        en: format!("{drill_en}{name}: {level_en}. {}{todo_en}", figures.1),
    }
}
