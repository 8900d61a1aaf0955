//! What zenoh says, without where in its source it says so.

/// The message of a zenoh error without its source locations (` at /path/file.rs:12.`), which help nobody who runs the
/// product and show the paths of whoever built it.
pub(super) fn in_words(error: &zenoh::Error) -> String {
    let text = error.to_string();
    let mut words = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = around_place(rest) {
        words.push_str(before);
        // The text may go on after the place, as in ` - Caused by ...`.
        rest = after;
    }
    words.push_str(rest);
    words.trim_end_matches(['.', ' ']).to_owned()
}

/// What stands before and after the first ` at file.rs:line.`.
fn around_place(text: &str) -> Option<(&str, &str)> {
    text.match_indices(" at ").find_map(|(start, separator)| {
        let place = &text[start + separator.len()..];
        let (file, line_and_more) = place.split_once(".rs:")?;
        if file.contains(' ') {
            return None;
        }
        let digits = line_and_more.find(|c: char| !c.is_ascii_digit()).unwrap_or(line_and_more.len());
        let after = line_and_more[digits..].strip_prefix('.').unwrap_or(&line_and_more[digits..]);
        (digits > 0).then(|| (&text[..start], after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_the_source_are_left_out() {
        for (text, words) in [
            ("refused at /home/x/.cargo/registry/y-1.0/src/a.rs:77.", "refused"),
            ("a at src/a.rs:1. - Caused by b at src/b.rs:22.", "a - Caused by b"),
            ("nobody at home.", "nobody at home"),
            ("meet at noon at src/a.rs:1.", "meet at noon"),
            ("", ""),
        ] {
            assert_eq!(in_words(&zenoh::Error::from(text)), words);
        }
    }
}
