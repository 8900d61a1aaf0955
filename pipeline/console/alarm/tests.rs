//! The life of an alarm as a table.
