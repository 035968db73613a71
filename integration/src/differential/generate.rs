//! Histories from seeds.

mod modification;
mod relation;
mod schema;
mod select;
mod selector;
mod term;
mod value;

use super::dice::Dice;
use super::step::Step;
use schema::Schema;

/// How many statements come after those that make the schema.
const STATEMENTS: usize = 260;

/// What a seed makes: all in a keyspace of its own, which it drops at the end.
pub fn history(seed: u64) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    let mut steps = Vec::new();
    let mut schema = Schema::create(&mut dice, seed, &mut steps);
    for number in 0..STATEMENTS {
        // much is written before much is read
        let writes = if number < STATEMENTS / 4 { 85 } else { 35 };
        let step = match () {
            () if dice.chance(2) => schema.change(&mut dice, &mut steps),
            () if dice.chance(writes) => modification::any(&mut dice, &schema),
            () => select::any(&mut dice, &schema),
        };
        steps.extend(step);
    }
    steps.extend(schema.tables.iter().map(|table| Step::of(format!("SELECT * FROM {}", table.path()))));
    steps.push(Step::of(format!("DROP KEYSPACE {}", schema.keyspace)));
    steps
}
