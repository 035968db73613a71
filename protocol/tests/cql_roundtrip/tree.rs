//! Random trees of the statements that read and write, and random tokens.

use proptest::prelude::*;
use quorate_protocol::cql::ast::*;
use quorate_protocol::cql::keyword::Keyword;

/// A statement; its markers are not yet numbered.
pub(super) fn statement() -> impl Strategy<Value = Statement<'static>> {
    prop_oneof![
        4 => select().prop_map(|select| Statement::Select(Box::new(select))),
        2 => insert().prop_map(Statement::Insert),
        3 => update().prop_map(Statement::Update),
        2 => delete().prop_map(Statement::Delete),
        1 => batch().prop_map(Statement::Batch),
    ]
}

/// A token, or what looks like one.
pub(super) fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(Keyword::ALL).prop_map(|keyword| keyword.spellings()[0].to_owned()),
        2 => prop::sample::select(vec![
            "(", ")", "[", "]", "{", "}", ",", ";", ":", ".", "..", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%",
            "+=", "-=", "?", "expr(", "--", "/*", "*/", "$$", "'", "\"", "\"\"", "\n",
        ]).prop_map(str::to_owned),
        2 => term(0).prop_map(|term| term.to_string()),
        2 => name().prop_map(|name| name.to_string()),
        1 => "\\PC{0,3}",
    ]
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![3 => "[a-z ]{0,5}", 1 => "['\"$a-zµ€\n]{0,6}"].boxed()
}

fn name() -> BoxedStrategy<Name<'static>> {
    prop_oneof![
        3 => "[a-z][a-z0-9_]{0,4}",
        2 => prop::sample::select(Keyword::ALL).prop_map(|keyword| keyword.spellings()[0].to_ascii_lowercase()),
        1 => prop::sample::select(vec!["expr", "byte", "Mixed", "a\"b", " ", "é", "1", "deadbeef"]).prop_map(str::to_owned),
    ]
    .prop_map(Name::new)
    .boxed()
}

fn qualified() -> BoxedStrategy<QualifiedName<'static>> {
    (prop::option::weighted(0.3, name()), name()).prop_map(|(keyspace, name)| QualifiedName { keyspace, name }).boxed()
}

fn native() -> BoxedStrategy<NativeType> {
    prop::sample::select(NativeType::ALL).boxed()
}

fn data_type() -> BoxedStrategy<Type<'static>> {
    let leaf = prop_oneof![native().prop_map(Type::Native), qualified().prop_map(Type::UserDefined)];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|element| Type::List(Box::new(element))),
            inner.clone().prop_map(|element| Type::Set(Box::new(element))),
            (inner.clone(), inner.clone()).prop_map(|entry| Type::Map(Box::new(entry))),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Type::Tuple),
            (inner.clone(), -1..9_i32).prop_map(|(element, dimension)| Type::Vector(Box::new(element), dimension)),
            inner.prop_map(|inner| Type::Frozen(Box::new(inner))),
        ]
    })
    .boxed()
}

fn constant() -> BoxedStrategy<Constant<'static>> {
    prop_oneof![
        text().prop_map(|text| Constant::String(text.into())),
        "-?[0-9]{1,12}".prop_map(|text| Constant::Integer(text.into())),
        "-?[0-9]{1,3}(\\.[0-9]{0,3}|e-?[0-9]{1,2}|\\.[0-9]E[0-9])".prop_map(|text| Constant::Float(text.into())),
        any::<bool>().prop_map(Constant::Boolean),
        "-?([0-9]{1,3}(y|mo|w|d|h|m|s|ms|us|µs|ns)){1,3}|-?P[0-9]Y|-?PT[0-9]{1,2}S|-?P2W"
            .prop_map(|text| Constant::Duration(text.into())),
        any::<u128>().prop_map(|bits| Constant::Uuid(uuid::Uuid::from_u128(bits).to_string().into())),
        "0[xX]([0-9a-fA-F]{2}){0,4}".prop_map(|text| Constant::Blob(text.into())),
        Just(Constant::NaN),
        Just(Constant::Infinity),
        Just(Constant::NegativeInfinity),
    ]
    .boxed()
}

fn marker() -> BoxedStrategy<Term<'static>> {
    prop::option::of(name()).prop_map(|name| Term::Marker(Marker { name, position: 0 })).boxed()
}

fn integer() -> BoxedStrategy<Term<'static>> {
    prop_oneof!["-?[0-9]{1,5}".prop_map(|text| Constant::Integer(text.into()).into()), marker()].boxed()
}

fn arithmetic<T: std::fmt::Debug + Clone + 'static>(
    operand: BoxedStrategy<T>,
    operators: &'static [ArithmeticOperator],
) -> BoxedStrategy<Arithmetic<T>> {
    (operand.clone(), prop::collection::vec((prop::sample::select(operators), operand), 1..3))
        .prop_map(|(first, rest)| Arithmetic { first, rest })
        .boxed()
}

const SUM: &[ArithmeticOperator] = &[ArithmeticOperator::Add, ArithmeticOperator::Subtract];
const PRODUCT: &[ArithmeticOperator] =
    &[ArithmeticOperator::Multiply, ArithmeticOperator::Divide, ArithmeticOperator::Modulo];

/// A term of at most three more levels.
pub(super) fn term(depth: u32) -> BoxedStrategy<Term<'static>> {
    let simple = simple_term(depth);
    let factor = prop_oneof![
        8 => simple.clone(),
        1 => simple.prop_map(|term| Term::Negation(Box::new(term))),
    ]
    .boxed();
    let product = arithmetic(factor.clone(), PRODUCT).prop_map(|product| Term::Arithmetic(Box::new(product)));
    let product = prop_oneof![8 => factor, 1 => product].boxed();
    let sum = arithmetic(product.clone(), SUM).prop_map(|sum| Term::Arithmetic(Box::new(sum)));
    prop_oneof![8 => product, 1 => sum].boxed()
}

fn simple_term(depth: u32) -> BoxedStrategy<Term<'static>> {
    let leaf = prop_oneof![4 => constant().prop_map(Term::Constant), 1 => Just(Term::Null), 2 => marker()].boxed();
    if depth == 3 {
        return leaf;
    }
    let terms = |least| prop::collection::vec(term(depth + 1), least..3);
    let call =
        (qualified(), terms(0)).prop_map(|(name, arguments)| Term::Call(Box::new(FunctionCall { name, arguments })));
    prop_oneof![
        6 => leaf,
        1 => terms(0).prop_map(Term::List),
        1 => terms(0).prop_map(Term::Set),
        1 => prop::collection::vec((term(depth + 1), term(depth + 1)), 1..3).prop_map(Term::Map),
        1 => prop::collection::vec((name(), term(depth + 1)), 1..3).prop_map(Term::UserType),
        1 => terms(1).prop_map(Term::Tuple),
        1 => call,
        1 => (data_type(), simple_term(depth + 1)).prop_map(|hint| Term::Hint(Box::new(hint))),
        1 => (simple_term(depth + 1), native()).prop_map(|(term, native)| Term::Cast(Box::new(term), native)),
    ]
    .boxed()
}

fn selector(depth: u32) -> BoxedStrategy<Selector<'static>> {
    let accessed = accessed(depth);
    let factor = prop_oneof![
        8 => accessed.clone(),
        1 => accessed.prop_map(|selector| Selector::Negation(Box::new(selector))),
    ]
    .boxed();
    let product = arithmetic(factor.clone(), PRODUCT).prop_map(|product| Selector::Arithmetic(Box::new(product)));
    let product = prop_oneof![8 => factor, 1 => product].boxed();
    let sum = arithmetic(product.clone(), SUM).prop_map(|sum| Selector::Arithmetic(Box::new(sum)));
    prop_oneof![8 => product, 1 => sum].boxed()
}

/// An operand, or something in it.
fn accessed(depth: u32) -> BoxedStrategy<Selector<'static>> {
    let slice = prop_oneof![
        (term(2), prop::option::of(term(2))).prop_map(|(from, to)| (Some(from), to)),
        term(2).prop_map(|to| (None, Some(to))),
    ];
    prop_oneof![
        6 => operand(depth),
        1 => (operand(depth), name()).prop_map(|(receiver, field)| Selector::Field(Box::new(receiver), field)),
        1 => (operand(depth), term(2)).prop_map(|element| Selector::Element(Box::new(element))),
        1 => (operand(depth), slice).prop_map(|(receiver, (from, to))| Selector::Slice(Box::new((receiver, from, to)))),
    ]
    .boxed()
}

fn operand(depth: u32) -> BoxedStrategy<Selector<'static>> {
    let constant = prop_oneof![constant().prop_map(Term::Constant), Just(Term::Null), marker()];
    let writetime =
        prop::sample::select(vec![WritetimeKind::Writetime, WritetimeKind::MaxWritetime, WritetimeKind::Ttl]);
    let leaf = prop_oneof![
        4 => name().prop_map(Selector::Column),
        2 => constant.prop_map(Selector::Term),
        1 => Just(Selector::CountRows),
        1 => (writetime, name()).prop_map(|(kind, column)| Selector::Writetime(kind, Box::new(Selector::Column(column)))),
    ]
    .boxed();
    if depth == 3 {
        return leaf;
    }
    let selectors = |least| prop::collection::vec(selector(depth + 1), least..3);
    let call = (qualified(), selectors(0))
        .prop_map(|(name, arguments)| Selector::Call(Box::new(FunctionCall { name, arguments })));
    prop_oneof![
        6 => leaf,
        1 => selectors(0).prop_map(Selector::List),
        1 => selectors(0).prop_map(Selector::Set),
        1 => prop::collection::vec((selector(depth + 1), selector(depth + 1)), 1..3).prop_map(Selector::Map),
        // One name in parentheses may be a type.
        1 => selectors(2).prop_map(Selector::Tuple),
        1 => call,
        1 => (data_type(), operand(depth + 1)).prop_map(|hint| Selector::Hint(Box::new(hint))),
        1 => (selector(depth + 1), native()).prop_map(|(selector, native)| Selector::Cast(Box::new(selector), native)),
    ]
    .boxed()
}

fn comparison() -> BoxedStrategy<Operator> {
    prop::sample::select(vec![
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
    ])
    .boxed()
}

fn in_values(item: BoxedStrategy<Term<'static>>) -> BoxedStrategy<InValues<'static>> {
    prop_oneof![prop::collection::vec(item, 0..3).prop_map(InValues::List), marker().prop_map(InValues::Marker)].boxed()
}

fn relation() -> BoxedStrategy<Relation<'static>> {
    let columns = || prop::collection::vec(name(), 1..3);
    let tuple = prop::collection::vec(term(2), 1..3).prop_map(Term::Tuple).boxed();
    let operator = prop_oneof![
        4 => comparison(),
        1 => prop::sample::select(vec![Operator::Like, Operator::Contains, Operator::ContainsKey]),
    ];
    prop_oneof![
        4 => (name(), operator, term(1)).prop_map(|(column, operator, value)| Relation::Column { column, operator, value }),
        1 => (name(), in_values(term(1))).prop_map(|(column, values)| Relation::In { column, values }),
        1 => name().prop_map(Relation::IsNotNull),
        1 => (name(), term(2), comparison(), term(2))
            .prop_map(|(column, key, operator, value)| Relation::Element { column, key, operator, value }),
        1 => (columns(), comparison(), term(2))
            .prop_map(|(columns, operator, value)| Relation::Token { columns, operator, value }),
        1 => (columns(), comparison(), prop_oneof![tuple.clone(), marker()])
            .prop_map(|(columns, operator, value)| Relation::Tuple { columns, operator, value }),
        1 => (columns(), prop_oneof![in_values(tuple), in_values(marker())])
            .prop_map(|(columns, values)| Relation::TupleIn { columns, values }),
        1 => (name(), term(2)).prop_map(|(index, value)| Relation::Expression { index, value }),
    ]
    .boxed()
}

fn relations(least: usize) -> impl Strategy<Value = Vec<Relation<'static>>> {
    prop::collection::vec(relation(), least..3)
}

fn select() -> impl Strategy<Value = Select<'static>> {
    let selected = (selector(0), prop::option::of(name())).prop_map(|(selector, alias)| Selected { selector, alias });
    let selection = prop_oneof![
        1 => Just(Selection::All),
        5 => prop::collection::vec(selected, 1..4).prop_map(Selection::Some),
    ];
    let key = prop_oneof![
        name().prop_map(OrderingKey::Column),
        (name(), term(2)).prop_map(|(column, vector)| OrderingKey::Ann(column, vector)),
    ];
    let direction = prop::option::of(prop::sample::select(vec![Direction::Ascending, Direction::Descending]));
    let ordering = (key, direction).prop_map(|(key, direction)| Ordering { key, direction });
    let clauses = (
        relations(0),
        prop::collection::vec(selector(2), 0..2),
        prop::collection::vec(ordering, 0..2),
        prop::option::of(integer()),
        prop::option::of(integer()),
    );
    (any::<[bool; 3]>(), selection, qualified(), clauses).prop_map(
        |([json, distinct, allow_filtering], selection, from, rest)| {
            let (relations, group_by, order_by, per_partition_limit, limit) = rest;
            Select {
                json,
                distinct,
                selection,
                from,
                relations,
                group_by,
                order_by,
                per_partition_limit,
                limit,
                allow_filtering,
            }
        },
    )
}

fn using() -> impl Strategy<Value = Vec<Using<'static>>> {
    let attribute = prop_oneof![integer().prop_map(Using::Timestamp), integer().prop_map(Using::Ttl)];
    prop::collection::vec(attribute, 0..3)
}

fn insert() -> impl Strategy<Value = Insert<'static>> {
    let values = (prop::collection::vec(name(), 1..3), prop::collection::vec(term(0), 1..3))
        .prop_map(|(columns, values)| InsertSource::Values { columns, values });
    let json = prop_oneof![text().prop_map(|text| Constant::String(text.into()).into()), marker()];
    let default = prop::option::of(prop::sample::select(vec![JsonDefault::Null, JsonDefault::Unset]));
    let json = (json, default).prop_map(|(value, default)| InsertSource::Json { value, default });
    (qualified(), prop_oneof![3 => values, 1 => json], any::<bool>(), using())
        .prop_map(|(table, source, if_not_exists, using)| Insert { table, source, if_not_exists, using })
}

fn update() -> impl Strategy<Value = Update<'static>> {
    let assignment = prop_oneof![
        4 => term(0).prop_map(Assignment::Set),
        1 => term(1).prop_map(Assignment::Add),
        1 => term(1).prop_map(Assignment::Subtract),
        1 => term(1).prop_map(Assignment::Prepend),
        1 => (term(2), term(2)).prop_map(|(key, value)| Assignment::SetElement { key, value }),
        1 => (name(), term(2)).prop_map(|(field, value)| Assignment::SetField { field, value }),
    ];
    let assignment = (name(), assignment).prop_map(|(column, assignment)| ColumnAssignment { column, assignment });
    (qualified(), using(), prop::collection::vec(assignment, 1..3), relations(1), condition()).prop_map(
        |(table, using, assignments, relations, condition)| Update { table, using, assignments, relations, condition },
    )
}

fn delete() -> impl Strategy<Value = Delete<'static>> {
    let deletion = (name(), subscript()).prop_map(|(column, subscript)| Deletion { column, subscript });
    let deletions = prop::collection::vec(deletion, 0..3);
    (deletions, qualified(), prop::option::of(integer()), relations(1), condition()).prop_map(
        |(deletions, table, timestamp, relations, condition)| Delete {
            deletions,
            table,
            timestamp,
            relations,
            condition,
        },
    )
}

fn subscript() -> impl Strategy<Value = Subscript<'static>> {
    prop_oneof![
        2 => Just(Subscript::None),
        1 => term(2).prop_map(Subscript::Element),
        1 => name().prop_map(Subscript::Field),
    ]
}

fn condition() -> impl Strategy<Value = Option<If<'static>>> {
    let compare = (comparison(), term(2)).prop_map(|(operator, value)| ConditionTest::Compare(operator, value));
    let test = prop_oneof![compare, in_values(term(2)).prop_map(ConditionTest::In)];
    let one = (name(), subscript(), test).prop_map(|(column, subscript, test)| Condition { column, subscript, test });
    prop::option::of(prop_oneof![
        1 => Just(If::Exists),
        2 => prop::collection::vec(one, 1..3).prop_map(If::Conditions),
    ])
}

fn batch() -> impl Strategy<Value = Batch<'static>> {
    let statement = prop_oneof![
        insert().prop_map(Modification::Insert),
        update().prop_map(Modification::Update),
        delete().prop_map(Modification::Delete),
    ];
    let kind = prop::sample::select(vec![BatchKind::Logged, BatchKind::Unlogged, BatchKind::Counter]);
    (kind, using(), prop::collection::vec(statement, 0..3)).prop_map(|(kind, using, statements)| Batch {
        kind,
        using,
        statements,
    })
}
