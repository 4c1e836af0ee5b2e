//! Every threat is held by a test that carries its number, or stands in `docs/threats-excluded.md`.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result};

/// The sections of the list of threats and how many cases each has.
const SECTIONS: [(char, u32); 10] =
    [('A', 12), ('B', 10), ('C', 12), ('D', 16), ('E', 18), ('F', 18), ('G', 10), ('H', 12), ('I', 12), ('J', 18)];

const EXCLUDED: &str = "docs/threats-excluded.md";

/// The numbers in the names of the tests in a source file: `fn b2_b10_a_bomb...` names B2 and B10.
pub(crate) fn tested(source: &str) -> BTreeSet<String> {
    let names = source.split("#[test]").skip(1).chain(source.split("#[tokio::test").skip(1));
    let names = names.filter_map(|rest| rest.split_once("fn ")?.1.split('(').next());
    names.flat_map(|name| name.split('_').map(str::to_uppercase).take_while(|part| known(part))).collect()
}

/// What is wrong with the document, given the numbers that tests carry.
pub(crate) fn check(root: &Path, tested: &BTreeSet<String>) -> Result<Vec<String>> {
    let document = std::fs::read_to_string(root.join(EXCLUDED)).context(EXCLUDED)?;
    Ok(compare(&document, tested))
}

fn compare(document: &str, tested: &BTreeSet<String>) -> Vec<String> {
    let (excluded, partly) = document.split_once("## Automated in part").unwrap_or((document, ""));
    let (excluded, partly) = (rows(excluded), rows(partly));
    let all = SECTIONS.into_iter().flat_map(|(section, count)| (1..=count).map(move |case| format!("{section}{case}")));
    let mut wrong = Vec::new();
    for case in all {
        match (tested.contains(&case), excluded.contains(&case)) {
            (false, false) => {
                wrong.push(format!("no test carries the number of {case}, and {EXCLUDED} does not say why"))
            }
            (true, true) => wrong.push(format!("{case} has a test: take it off the first table of {EXCLUDED}")),
            _ => {}
        }
        if partly.contains(&case) && !tested.contains(&case) {
            wrong.push(format!("{EXCLUDED} says that {case} has a test, and none carries its number"));
        }
    }
    let unknown = excluded.iter().chain(&partly).filter(|case| !known(case));
    wrong.extend(unknown.map(|case| format!("{EXCLUDED}: there is no case {case}")));
    wrong
}

/// The first cells of a table's rows, without its head.
fn rows(text: &str) -> BTreeSet<String> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.filter(|cell| *cell != "Case").map(str::to_owned).collect()
}

fn known(case: &str) -> bool {
    let number = |section: char| case.strip_prefix(section)?.parse::<u32>().ok();
    SECTIONS.iter().any(|(section, count)| number(*section).is_some_and(|number| (1..=*count).contains(&number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cases: &[&str]) -> BTreeSet<String> {
        cases.iter().map(|case| (*case).to_owned()).collect()
    }

    #[test]
    fn numbers_are_read_from_the_names_of_tests_alone() {
        let source = "fn a1_helper() {}\n#[test]\nfn b2_b10_a_bomb() {}\n#[tokio::test(flavor = \"x\")]\nasync fn e3_x() {}\n\
            #[test]\nfn k1_no_section() {}\n#[test]\nfn b11_no_case() {}\n#[test]\nfn c3() {}";
        assert_eq!(tested(source), set(&["B2", "B10", "E3", "C3"]));
    }

    #[test]
    fn a_case_is_in_one_place() {
        let all: Vec<String> = SECTIONS
            .into_iter()
            .flat_map(|(section, count)| (1..=count).map(move |case| format!("{section}{case}")))
            .collect();
        assert_eq!(all.len(), 138);
        let tests: BTreeSet<String> = all.iter().filter(|case| *case != "A3").cloned().collect();
        let document = |excluded: &str, partly: &str| {
            format!(
                "| Case | x |\n|---|\n| {excluded} | why |\n## Automated in part\n| Case | x |\n|---|\n| {partly} | why |\n"
            )
        };
        assert_eq!(compare(&document("A3", "A1"), &tests), Vec::<String>::new());
        assert_eq!(compare(&document("A1", "A1"), &tests).len(), 2, "A3 nowhere, A1 twice");
        assert_eq!(compare(&document("A3", "A3"), &tests).len(), 1, "A3 is not tested");
        assert_eq!(compare(&document("A3", "Z1"), &tests).len(), 1, "Z1 is no case");
    }
}
