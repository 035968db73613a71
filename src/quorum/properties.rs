//! What must hold for every rule, electorate and level.

use proptest::prelude::*;

use super::*;

/// A rule and the electorate it is for.
fn clusters() -> impl Strategy<Value = (Electorate, Box<dyn Rule>)> {
    (1..=6_usize)
        .prop_flat_map(|voters| (proptest::collection::vec(0..3_u8, voters), rules(voters)))
        .prop_map(|(zones, rule)| (electorate(&zones), rule))
}

fn rules(voters: usize) -> impl Strategy<Value = Box<dyn Rule>> {
    let all = VoterSet::first(voters);
    let weights = proptest::collection::vec(0..4_u32, voters);
    let minimum = || proptest::option::of(0..12_u64);
    prop_oneof![
        Just(()).prop_map(|()| Box::new(Majority) as Box<dyn Rule>),
        (0..3_usize).prop_map(move |extra| Box::new(Plus { extra, all }) as Box<dyn Rule>),
        (weights, minimum(), minimum())
            .prop_map(|(weights, read, write)| Box::new(Weighted::new(&weights, read, write)) as Box<dyn Rule>),
        (1..=voters).prop_map(move |columns| {
            let columns = if voters.is_multiple_of(columns) { columns } else { voters };
            Box::new(Grid::new(voters / columns, columns).unwrap()) as Box<dyn Rule>
        }),
    ]
}

fn electorate(zones: &[u8]) -> Electorate {
    let entry = |(index, zone): (usize, &u8)| VoterEntry { name: format!("b{index}"), zone: format!("z{zone}") };
    Electorate::new(zones.iter().enumerate().map(entry).collect(), "z0").unwrap()
}

fn subsets(electorate: &Electorate) -> impl DoubleEndedIterator<Item = VoterSet> + use<> {
    VoterSet::subsets_of_first(electorate.len())
}

fn each_requirement(requirements: &Requirements) -> impl Iterator<Item = &Requirement> {
    Consistency::ALL
        .into_iter()
        .flat_map(|level| [Access::Read, Access::Write].map(|access| requirements.of(level, access).ok()))
        .flatten()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepted_read_and_write_quorums_always_intersect((electorate, rule) in clusters()) {
        if let Ok(requirements) = Requirements::new(&electorate, rule.as_ref()) {
            let read = requirements.of(Consistency::Quorum, Access::Read).unwrap();
            let write = requirements.of(Consistency::Quorum, Access::Write).unwrap();
            for r in subsets(&electorate).filter(|set| read.satisfied(*set)) {
                for w in subsets(&electorate).filter(|set| write.satisfied(*set)) {
                    prop_assert!(!(r & w).is_empty(), "{r:?} {w:?}");
                }
            }
        }
    }

    #[test]
    fn a_refusal_names_two_disjoint_quorums((electorate, rule) in clusters()) {
        let set = |names: &[String]| -> VoterSet {
            electorate.all().iter().filter(|voter| names.iter().any(|name| name == electorate.name(*voter))).collect()
        };
        match Requirements::new(&electorate, rule.as_ref()) {
            Err(QuorumError::Disjoint { read, write }) => {
                let (read, write) = (set(&read), set(&write));
                prop_assert!((read & write).is_empty());
                prop_assert!(rule.satisfied(Access::Read, electorate.all(), read));
                prop_assert!(rule.satisfied(Access::Write, electorate.all(), write));
            }
            Err(QuorumError::Unreachable { access, .. }) => {
                prop_assert!(!rule.satisfied(access, electorate.all(), electorate.all()));
            }
            Ok(_) => {}
        }
    }

    #[test]
    fn the_table_says_what_the_rule_says((electorate, rule) in clusters()) {
        if let Ok(requirements) = Requirements::new(&electorate, rule.as_ref()) {
            for access in [Access::Read, Access::Write] {
                let (all, local) = (electorate.all(), electorate.local());
                let of = |level| requirements.of(level, access).unwrap();
                for set in subsets(&electorate) {
                    prop_assert_eq!(of(Consistency::Quorum).satisfied(set), rule.satisfied(access, all, set));
                    prop_assert_eq!(of(Consistency::LocalQuorum).satisfied(set), rule.satisfied(access, local, set & local));
                    let each = electorate.zones().iter().all(|(_, zone)| rule.satisfied(access, *zone, set & *zone));
                    prop_assert_eq!(of(Consistency::EachQuorum).satisfied(set), each);
                    prop_assert_eq!(of(Consistency::Two).satisfied(set), set.len() >= 2);
                    prop_assert_eq!(of(Consistency::LocalOne).satisfied(set), !(set & local).is_empty());
                    prop_assert_eq!(of(Consistency::All).satisfied(set), set == all);
                }
            }
        }
    }

    #[test]
    fn satisfied_is_monotone((electorate, rule) in clusters()) {
        if let Ok(requirements) = Requirements::new(&electorate, rule.as_ref()) {
            for requirement in each_requirement(&requirements) {
                for set in subsets(&electorate).filter(|set| requirement.satisfied(*set)) {
                    prop_assert!(electorate.all().iter().all(|voter| requirement.satisfied(set.with(voter))));
                }
            }
        }
    }

    #[test]
    fn possible_means_that_some_live_subset_satisfies((electorate, rule) in clusters()) {
        if let Ok(requirements) = Requirements::new(&electorate, rule.as_ref()) {
            for requirement in each_requirement(&requirements) {
                for live in subsets(&electorate) {
                    let exists = subsets(&electorate).any(|set| live.is_superset(set) && requirement.satisfied(set));
                    prop_assert_eq!(requirement.possible(live), exists);
                }
            }
        }
    }

    #[test]
    fn required_is_the_size_of_the_smallest_set_and_received_stays_below_it((electorate, rule) in clusters()) {
        if let Ok(requirements) = Requirements::new(&electorate, rule.as_ref()) {
            for requirement in each_requirement(&requirements) {
                let smallest = subsets(&electorate).filter(|set| requirement.satisfied(*set)).map(VoterSet::len).min();
                prop_assert!(smallest.is_none_or(|smallest| smallest == requirement.required()));
                for set in subsets(&electorate) {
                    let received = requirement.received(set);
                    prop_assert!(received <= (set & requirement.counted()).len() || requirement.satisfied(set));
                    prop_assert_eq!(received >= requirement.required(), requirement.satisfied(set));
                    match requirement.check_live(set) {
                        Ok(()) => prop_assert!(requirement.possible(set)),
                        Err(short) => prop_assert!(short.alive < short.required && !requirement.possible(set)),
                    }
                }
            }
        }
    }

    #[test]
    fn contacts_suffice_without_one_too_many_and_prefer_the_first(
        (electorate, rule) in clusters(), seed in any::<u16>(), order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        if let Ok(requirements) = Requirements::new(&electorate, rule.as_ref()) {
            let preference: Vec<Voter> =
                order.iter().filter(|index| **index < electorate.len()).filter_map(|index| Voter::new(*index)).collect();
            let usable: VoterSet = electorate.all().iter().filter(|voter| seed >> voter.index() & 1 == 1).collect();
            for requirement in each_requirement(&requirements) {
                let Some(chosen) = requirement.contacts(&preference, usable, VoterSet::EMPTY) else {
                    prop_assert!(!requirement.possible(usable));
                    continue;
                };
                prop_assert!(requirement.satisfied(chosen) && usable.is_superset(chosen));
                prop_assert!(chosen.iter().all(|voter| !requirement.satisfied(chosen.without(voter))));
            }
            let quorum = requirements.of(Consistency::One, Access::Read).unwrap();
            let first = preference.iter().copied().find(|voter| usable.contains(*voter));
            let chosen = quorum.contacts(&preference, usable, VoterSet::EMPTY);
            prop_assert_eq!(chosen, first.map(|voter| VoterSet::EMPTY.with(voter)));
        }
    }

    #[test]
    fn survival_names_the_failures_that_leave_enough((electorate, rule) in clusters()) {
        if let Ok(requirements) = Requirements::new(&electorate, rule.as_ref()) {
            for requirement in each_requirement(&requirements) {
                let survival = Survival::of(requirement, &electorate);
                for failed in subsets(&electorate) {
                    let survived = requirement.possible(electorate.all() - failed);
                    prop_assert_eq!(survived, survival.largest.iter().any(|largest| largest.is_superset(failed)));
                    prop_assert!(survived || survival.any.is_none_or(|any| failed.len() > any));
                }
                let tight = |any| subsets(&electorate).any(|failed| {
                    failed.len() == any + 1 && !requirement.possible(electorate.all() - failed)
                });
                prop_assert!(survival.any.is_none_or(tight));
            }
        }
    }

    #[test]
    fn a_tally_decides_once_and_never_too_early(
        (electorate, rule) in clusters(), answers in proptest::collection::vec((0..6_usize, any::<bool>()), 0..12),
    ) {
        if let Ok(requirements) = Requirements::new(&electorate, rule.as_ref()) {
            for requirement in each_requirement(&requirements) {
                let mut tally = Tally::new(electorate.all());
                let mut answered = VoterSet::EMPTY;
                let mut last = tally.decision(requirement);
                for (index, ok) in answers.iter().filter(|(index, _)| *index < electorate.len()) {
                    let voter = Voter::new(*index).unwrap();
                    if !answered.insert(voter) {
                        continue;
                    }
                    let decision = if *ok { tally.ack(requirement, voter) } else { tally.fail(requirement, voter) };
                    prop_assert!(last == Decision::Pending || decision == last, "{last:?} became {decision:?}");
                    prop_assert_eq!(decision == Decision::Satisfied, requirement.satisfied(tally.acked()));
                    last = decision;
                }
                if answered == electorate.all() {
                    prop_assert_ne!(last, Decision::Pending);
                }
            }
        }
    }
}
