//! Whatever the tree, what it prints parses to it again; whatever the text, nothing panics.

#[path = "cql_roundtrip/tree.rs"]
mod tree;

use proptest::prelude::*;
use quorate_protocol::cql;
use quorate_protocol::cql::ast::{NodeMut, Statement, Term};

/// Numbers the markers in the order of the text, as the parser does.
fn number_markers(statement: &mut Statement<'_>) {
    let mut position = 0;
    statement.walk_mut(&mut |node| {
        if let NodeMut::Term(Term::Marker(marker)) = node {
            marker.position = position;
            position += 1;
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_parses_to_the_same_tree(mut statement in tree::statement()) {
        number_markers(&mut statement);
        let printed = statement.to_string();
        let parsed = cql::parse(&printed);
        prop_assert_eq!(parsed.as_ref(), Ok(&statement), "{}", printed);
    }

    #[test]
    fn a_soup_of_tokens_never_panics(tokens in prop::collection::vec(tree::token(), 0..40), tight in any::<bool>()) {
        let text = tokens.join(if tight { "" } else { " " });
        if let Ok(statement) = cql::parse(&text) {
            let printed = statement.to_string();
            let parsed = cql::parse(&printed);
            prop_assert_eq!(parsed.as_ref(), Ok(&statement), "{}", printed);
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        let _ = cql::parse(&text).map_err(|error| error.to_string());
    }
}
