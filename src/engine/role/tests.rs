//! Roles beside a Cassandra 5.0.6 that asked for passwords, and what one that does not says to statements on roles.

use proptest::prelude::*;
use quorate_protocol::cql::ast::Statement;
use quorate_protocol::cql::parse;
use quorate_protocol::message::response::CqlError;
use quorate_protocol::value::CqlType;

use super::*;
use crate::engine::EngineError;
use crate::engine::recorded::{Answer, Shown, answers, schema, shown, shown_row};
use crate::engine::system_tables::is_system;

/// Statements in the order in which they were run, each with the role that ran it.
const ANSWERS: &str = include_str!("../testdata/roles-5.0.6.jsonl");

/// Parts of statements whose answer differs, and why that is accepted.
const DIFFERENT: &[(&str, &str)] = &[
    ("java.lang", "Cassandra's Java process has managed beans"),
    ("{'nowhere', 'datacenter1', 'abc'}", "Cassandra names sets in the order of a hash table"),
];

/// Rows of which one side is wrong: permissions on the managed beans of Cassandra's process; and what Cassandra fails to
/// keep in step: memberships of members that are gone, and the index of permissions of which some were revoked.
fn is_different(answer: &Answer, row: &Shown, roles: &Roles) -> bool {
    let has = |part: &str| row.iter().flatten().any(|cell| cell.contains(part));
    let is_gone = |member: &Option<String>| member.as_ref().is_some_and(|member| !roles.contains(member));
    has("mbean/java.lang")
        || has("<mbean java.lang")
        || answer.query.ends_with("role_members") && is_gone(&row[1])
        || answer.query.ends_with("permissons_index") && has("data/shop/base") && has("alice")
}

fn counting() -> impl FnMut() -> u128 {
    let mut next = 0;
    move || {
        next += 1;
        next
    }
}

fn error(error: EngineError) -> (i32, String) {
    let error = CqlError::from(error);
    (error.details.code().code(), error.message)
}

struct Replay {
    roles: Roles,
    schema: Schema,
    datacenters: Vec<String>,
}

impl Replay {
    fn new() -> Self {
        let (schema, mut roles) = (schema(), Roles::with_default_superuser(&mut counting()).unwrap());
        for keyspace in schema.keyspaces.values().filter(|keyspace| !is_system(&keyspace.name)) {
            let name = keyspace.name.to_string();
            roles = roles.granted_to_creator("cassandra", &Resource::Keyspace(name.clone()));
            for table in keyspace.tables.keys() {
                roles = roles.granted_to_creator("cassandra", &Resource::Table(name.clone(), table.to_string()));
            }
        }
        Replay { roles, schema, datacenters: vec!["datacenter1".to_owned()] }
    }

    fn security<'a>(&'a self, user: &'a str) -> Security<'a> {
        Security {
            roles: &self.roles,
            schema: &self.schema,
            datacenters: &self.datacenters,
            rules: Rules::Enforced,
            user: Some(user),
            keyspace: None,
        }
    }

    /// What differs from the recorded answer.
    fn run(&mut self, answer: &Answer) -> Option<String> {
        if DIFFERENT.iter().any(|(part, _)| answer.query.contains(part)) {
            return None;
        }
        let user = answer.user.as_deref().unwrap();
        let differs = |ours: String| Some(format!("{user}> {}\n  ours: {ours}\n  theirs: {answer:?}", answer.query));
        let statement = match parse(&answer.query) {
            Ok(statement) => statement,
            Err(error) => {
                let ours = (0x2000, error.to_string());
                return if answer.error.as_ref() == Some(&ours) { None } else { differs(format!("{ours:?}")) };
            }
        };
        match self.security(user).execute(&statement, &mut counting()) {
            Err(failure) => {
                let ours = error(failure);
                if answer.error.as_ref() == Some(&ours) { None } else { differs(format!("{ours:?}")) }
            }
            Ok(Some(execution)) => {
                let rows = execution.rows.as_ref().map(shown);
                let theirs = answer
                    .rows
                    .iter()
                    .flatten()
                    .filter(|row| !is_different(answer, row, &self.roles))
                    .cloned()
                    .collect();
                let theirs = answer.columns.clone().map(|columns| (columns, theirs));
                let is_same = rows == theirs && execution.warnings == answer.warnings && answer.error.is_none();
                let ours = format!("{rows:?} {:?}", execution.warnings);
                self.roles = execution.roles.unwrap_or_else(|| self.roles.clone());
                if is_same { None } else { differs(ours) }
            }
            Ok(None) => self.run_other(user, &statement, answer).and_then(differs),
        }
    }

    /// Of other statements it is compared whether they are allowed, and what `system_auth` holds.
    fn run_other(&self, user: &str, statement: &Statement<'_>, answer: &Answer) -> Option<String> {
        let refused = self.security(user).authorize(statement).err().map(error);
        let is_invalid = answer.error.as_ref().is_some_and(|(code, _)| *code != 0x2100);
        if refused != answer.error && !is_invalid {
            return Some(format!("{refused:?}"));
        }
        let Statement::Select(select) = statement else { return None };
        if select.from.keyspace.as_ref()? != "system_auth" || refused.is_some() {
            return None;
        }
        let table = &self.schema.table("system_auth", select.from.name.as_str())?.table;
        let selected: Vec<usize> =
            answer.columns.iter().flatten().map(|(name, _)| table.column(name).unwrap().0).collect();
        let types: Vec<&CqlType> = table.columns().iter().map(|column| &column.cql_type).collect();
        let project = |row: Shown| selected.iter().map(|index| row[*index].clone()).collect::<Shown>();
        let mut ours: Vec<Shown> = rows(select.from.name.as_str(), table, &self.roles)
            .iter()
            .map(|row| project(shown_row(row, &types)))
            .filter(|row| !is_different(answer, row, &self.roles))
            .collect();
        let theirs = answer.rows.iter().flatten().filter(|row| !is_different(answer, row, &self.roles));
        let mut theirs: Vec<Shown> = theirs.cloned().collect();
        ours.sort();
        theirs.sort();
        (ours != theirs).then(|| format!("{ours:?}"))
    }
}

#[test]
fn answers_are_those_of_cassandra() {
    let mut replay = Replay::new();
    let recorded = answers(ANSWERS);
    let wrong: Vec<String> = recorded.iter().filter_map(|answer| replay.run(answer)).collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert!(recorded.len() > 200);
    let record = replay.roles.to_record().unwrap();
    assert_eq!(Roles::from_record(&record).unwrap(), replay.roles);
}

#[test]
fn who_logs_in_has_the_password_and_may_log_in() {
    let replay = Replay::new();
    let run = |text: &str| {
        let execution = replay.security("cassandra").execute(&parse(text).unwrap(), &mut counting()).unwrap().unwrap();
        execution.roles.unwrap()
    };
    let roles = run("CREATE ROLE guest WITH PASSWORD = 'secret' AND LOGIN = true");
    assert_eq!(roles.log_in("guest", "secret"), Ok(()));
    let wrong = LoginError::WrongPassword("guest".to_owned());
    assert_eq!(wrong.to_string(), "Provided username guest and/or password are incorrect");
    assert_eq!(roles.log_in("guest", "Secret"), Err(wrong));
    assert_eq!(roles.log_in("nobody", "secret"), Err(LoginError::WrongPassword("nobody".to_owned())));
    let roles = run("CREATE ROLE guest WITH PASSWORD = 'secret'");
    assert_eq!(roles.log_in("guest", "secret"), Err(LoginError::NotPermitted("guest".to_owned())));
    // a hash that jBCrypt made, of its own test vectors
    let hash = "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe";
    let roles = run(&format!("CREATE ROLE guest WITH HASHED PASSWORD = '{hash}' AND LOGIN = true"));
    assert_eq!(roles.log_in("guest", "a"), Ok(()));
}

#[test]
fn a_record_of_another_version_is_refused() {
    let record = Roles::default().to_record().unwrap();
    let newer = String::from_utf8(record).unwrap().replace("\"version\":1", "\"version\":2");
    assert!(matches!(Roles::from_record(newer.as_bytes()), Err(RecordError::Version(2))));
    assert!(matches!(Roles::from_record(b"{}"), Err(RecordError::Damaged(_))));
}

/// PREPARE where nobody logs in, as Cassandra 5.0.6 answers with its default configuration.
#[test]
fn the_anonymous_are_refused_with_cassandras_words() {
    const ANONYMOUS: &str = "You have to be logged in and not anonymous to perform this request";
    const MANAGER: &str = "org.apache.cassandra.auth.CassandraRoleManager doesn't support";
    let (schema, roles) = (schema(), Roles::default());
    let open =
        Security { roles: &roles, schema: &schema, datacenters: &[], rules: Rules::Open, user: None, keyspace: None };
    for (text, code, message) in [
        ("CREATE ROLE r", 0x2100, ANONYMOUS.to_owned()),
        ("CREATE ROLE r WITH PASSWORD = 'x'", 0x2200, format!("{MANAGER} PASSWORD")),
        ("ALTER ROLE r WITH HASHED PASSWORD = 'x'", 0x2200, format!("{MANAGER} HASHED_PASSWORD")),
        ("ALTER ROLE r WITH OPTIONS = {'a': 'b'}", 0x2200, format!("{MANAGER} OPTIONS")),
        ("CREATE USER u WITH PASSWORD 'x' SUPERUSER", 0x2200, format!("{MANAGER} PASSWORD")),
        ("CREATE USER u", 0x2100, ANONYMOUS.to_owned()),
        ("ALTER USER u SUPERUSER", 0x2100, ANONYMOUS.to_owned()),
        ("ALTER ROLE r", 0x2200, "ALTER [ROLE|USER] can't be empty".to_owned()),
        (
            "CREATE ROLE r WITH ACCESS TO DATACENTERS {'dc1'}",
            0x2200,
            "Invalid value(s) for DATACENTERS '[dc1]',All values must be valid datacenters".to_owned(),
        ),
        (
            "ALTER ROLE r WITH ACCESS FROM CIDRS {'region1'}",
            0x2200,
            "Invalid CIDR group(s): [region1]. Available CIDR Groups are: []".to_owned(),
        ),
        (
            "DROP USER \"u\"",
            0x2000,
            "Quoted strings are are not supported for user names and USER is deprecated, please use ROLE".to_owned(),
        ),
        ("GRANT SELECT ON nowhere.nothing TO r", 0x2100, ANONYMOUS.to_owned()),
        ("GRANT EXECUTE ON FUNCTION nowhere.f(int) TO r", 0x2300, "Keyspace nowhere doesn't exist".to_owned()),
        ("REVOKE r FROM s", 0x2100, ANONYMOUS.to_owned()),
        ("LIST ALL PERMISSIONS", 0x2100, ANONYMOUS.to_owned()),
        ("LIST ROLES OF r", 0x2100, ANONYMOUS.to_owned()),
        ("LIST USERS", 0x2100, ANONYMOUS.to_owned()),
        ("ADD IDENTITY 'x' TO ROLE 'r'", 0x2100, ANONYMOUS.to_owned()),
        ("DROP IDENTITY 'x'", 0x2100, ANONYMOUS.to_owned()),
    ] {
        let refusal = open.validate(&parse(text).unwrap()).unwrap_err();
        assert_eq!(error(refusal), (code, message), "{text}");
    }
    for text in ["SELECT * FROM shop.base", "DROP TABLE shop.base", "CREATE KEYSPACE k WITH replication = {}"] {
        assert_eq!(open.authorize(&parse(text).unwrap()), Ok(()), "{text}");
    }
    let refusal = open.authorize(&parse("DROP TABLE system.local").unwrap()).unwrap_err();
    assert_eq!(error(refusal), (0x2100, "system keyspace is not user-modifiable.".to_owned()));
}

fn any_resource() -> impl Strategy<Value = Resource> {
    let name = "[a-z_]{1,8}";
    prop_oneof![
        Just(Resource::AllKeyspaces),
        name.prop_map(Resource::Keyspace),
        name.prop_map(Resource::AllTables),
        (name, name).prop_map(|(keyspace, table)| Resource::Table(keyspace, table)),
        Just(Resource::AllRoles),
        "[a-zA-Z/ ]{1,8}".prop_map(Resource::Role),
        Just(Resource::AllFunctions),
        name.prop_map(Resource::FunctionsOf),
        Just(Resource::AllMbeans),
        "[a-z:=,*]{1,12}".prop_map(Resource::Mbean),
    ]
}

fn any_permissions() -> impl Strategy<Value = PermissionSet> {
    let all: Vec<_> = PermissionSet::ALL.iter().collect();
    proptest::sample::subsequence(all, 0..=10).prop_map(|permissions| PermissionSet::of(&permissions))
}

proptest! {
    #[test]
    fn a_resource_is_read_from_its_name(resource in any_resource()) {
        prop_assert_eq!(Resource::try_from(resource.name()), Ok(resource));
    }

    #[test]
    fn permissions_are_sets(left in any_permissions(), right in any_permissions()) {
        let both = left.union(right);
        prop_assert_eq!(both.difference(right).union(left.intersection(right)), left);
        for permission in PermissionSet::ALL.iter() {
            prop_assert_eq!(both.contains(permission), left.contains(permission) || right.contains(permission));
        }
        prop_assert_eq!(PermissionSet::try_from(Vec::from(left)), Ok(left));
    }

    /// Whatever is a member of what, even in circles, a role has its own permissions and those of what it is a member of.
    #[test]
    fn permissions_are_inherited(edges in prop::collection::vec((0..6_usize, 0..6_usize), 0..12), granted in any_permissions()) {
        let name = |index: usize| format!("r{index}");
        let mut roles = Roles::default();
        for index in 0..6 {
            roles.roles.insert(name(index), Role::default());
        }
        for (member, of) in &edges {
            roles.roles.get_mut(&name(*member)).unwrap().member_of.insert(name(*of));
        }
        let resource = Resource::Keyspace("k".to_owned());
        roles.roles.get_mut("r0").unwrap().permissions.insert(resource.clone(), granted);
        let mut reached = [false; 6];
        reached[0] = true;
        for _ in 0..6 {
            for (member, of) in &edges {
                reached[*member] |= reached[*of];
            }
        }
        for (index, reached) in reached.into_iter().enumerate() {
            let expected = if reached { granted } else { PermissionSet::NONE };
            prop_assert_eq!(roles.permissions_on(&name(index), &resource), expected);
            let table = Resource::Table("k".to_owned(), "t".to_owned());
            for permission in PermissionSet::ALL.iter() {
                prop_assert_eq!(roles.may(&name(index), permission, &table), expected.contains(permission));
            }
        }
    }
}
