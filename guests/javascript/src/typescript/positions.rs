//! Where in the user's text something in the translated one comes from.

use oxc_codegen::CodegenReturn;

/// Places in the translated text, in their order, with those that they come from. Lines and columns begin with 0.
#[derive(Default)]
pub(crate) struct Positions(Box<[Place]>);

struct Place {
    /// Line and column in the translated text.
    here: (u32, u32),
    /// Line and column in the user's.
    there: (u32, u32),
}

impl Positions {
    /// Those of a text that was just printed.
    pub(super) fn of(printed: &CodegenReturn<'_>) -> Self {
        let places = printed.map.iter().flat_map(|map| map.get_tokens()).map(|token| Place {
            here: (token.get_dst_line(), token.get_dst_col()),
            there: (token.get_src_line(), token.get_src_col()),
        });
        Self(places.collect())
    }

    /// The user's line and column for those of the translated text; both begin with 1. What is known is the nearest place
    /// at or before the one that is asked for, or else the next one.
    pub(crate) fn original(&self, line: u32, column: u32) -> Option<(u32, u32)> {
        let wanted = (line.saturating_sub(1), column.saturating_sub(1));
        let after = self.0.partition_point(|place| place.here <= wanted);
        let before = after.checked_sub(1).and_then(|at| self.0.get(at)).filter(|place| place.here.0 == wanted.0);
        let (line, column) = before.or_else(|| self.0.get(after)).or(self.0.last())?.there;
        Some((line + 1, column + 1))
    }
}
