//! The keywords of CQL.

/// How a keyword may be used as an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Not at all, without quotes.
    Reserved,
    /// As any name (`basic_unreserved_keyword` in Cassandra's grammar).
    Basic,
    /// As any name but that of a user-defined type (`native_type`).
    Native,
    /// As any name but that of a function or user-defined type.
    Column,
    /// As any name but that of a function.
    ColumnOrType,
}

macro_rules! keywords {
    ($($variant:ident $($text:literal)|+ $use:ident,)*) => {
        /// A keyword, whatever the case of its letters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "each variant is the keyword of that name")]
        pub enum Keyword {
            $($variant,)*
        }

        impl Keyword {
            /// Every keyword.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The keyword's spellings, in upper case.
            pub fn spellings(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($text),+],)*
                }
            }

            const fn usage(self) -> Use {
                match self {
                    $(Self::$variant => Use::$use,)*
                }
            }
        }

        const SPELLINGS: &[(&str, Keyword)] = &[$($(($text, Keyword::$variant),)+)*];
    };
}

keywords! {
    Select "SELECT" Reserved,
    From "FROM" Reserved,
    As "AS" Basic,
    Where "WHERE" Reserved,
    And "AND" Reserved,
    Key "KEY" ColumnOrType,
    Keys "KEYS" Basic,
    Entries "ENTRIES" Reserved,
    Full "FULL" Reserved,
    Insert "INSERT" Reserved,
    Update "UPDATE" Reserved,
    With "WITH" Reserved,
    Limit "LIMIT" Reserved,
    Per "PER" Basic,
    Partition "PARTITION" Basic,
    Using "USING" Reserved,
    Use "USE" Reserved,
    Distinct "DISTINCT" Column,
    Count "COUNT" Column,
    Set "SET" Reserved,
    Begin "BEGIN" Reserved,
    Unlogged "UNLOGGED" Reserved,
    Batch "BATCH" Reserved,
    Apply "APPLY" Reserved,
    Truncate "TRUNCATE" Reserved,
    Delete "DELETE" Reserved,
    In "IN" Reserved,
    Create "CREATE" Reserved,
    Schema "SCHEMA" Reserved,
    Keyspace "KEYSPACE" Reserved,
    Keyspaces "KEYSPACES" Basic,
    Table "TABLE" | "COLUMNFAMILY" Reserved,
    Tables "TABLES" | "COLUMNFAMILIES" Basic,
    Materialized "MATERIALIZED" Reserved,
    View "VIEW" Reserved,
    Index "INDEX" Reserved,
    Custom "CUSTOM" Basic,
    On "ON" Reserved,
    To "TO" Reserved,
    Drop "DROP" Reserved,
    Primary "PRIMARY" Reserved,
    Into "INTO" Reserved,
    Values "VALUES" Basic,
    Timestamp "TIMESTAMP" Native,
    Ttl "TTL" Column,
    Cast "CAST" Column,
    Alter "ALTER" Reserved,
    Rename "RENAME" Reserved,
    Add "ADD" Reserved,
    Type "TYPE" Basic,
    Types "TYPES" Basic,
    Compact "COMPACT" Basic,
    Storage "STORAGE" Basic,
    Order "ORDER" Reserved,
    By "BY" Reserved,
    Asc "ASC" Reserved,
    Desc "DESC" Reserved,
    Allow "ALLOW" Reserved,
    Filtering "FILTERING" Basic,
    If "IF" Reserved,
    Is "IS" Reserved,
    Contains "CONTAINS" Basic,
    Group "GROUP" Basic,
    Cluster "CLUSTER" Basic,
    Internals "INTERNALS" Basic,
    Only "ONLY" Basic,
    Grant "GRANT" Reserved,
    All "ALL" Basic,
    Permission "PERMISSION" Basic,
    Permissions "PERMISSIONS" Basic,
    Of "OF" Reserved,
    Revoke "REVOKE" Reserved,
    Modify "MODIFY" Reserved,
    Authorize "AUTHORIZE" Reserved,
    Describe "DESCRIBE" Reserved,
    Execute "EXECUTE" Reserved,
    Norecursive "NORECURSIVE" Reserved,
    Mbean "MBEAN" Basic,
    Mbeans "MBEANS" Basic,
    User "USER" Basic,
    Users "USERS" Basic,
    Role "ROLE" Basic,
    Roles "ROLES" Basic,
    Superuser "SUPERUSER" Basic,
    Nosuperuser "NOSUPERUSER" Basic,
    Password "PASSWORD" Basic,
    Hashed "HASHED" Basic,
    Login "LOGIN" Basic,
    Nologin "NOLOGIN" Basic,
    Options "OPTIONS" Basic,
    Access "ACCESS" Basic,
    Datacenters "DATACENTERS" Basic,
    Cidrs "CIDRS" Basic,
    Identity "IDENTITY" Basic,
    Clustering "CLUSTERING" Basic,
    Ascii "ASCII" Native,
    Bigint "BIGINT" Native,
    Blob "BLOB" Native,
    Boolean "BOOLEAN" Native,
    Counter "COUNTER" Native,
    Decimal "DECIMAL" Native,
    Double "DOUBLE" Native,
    Duration "DURATION" Native,
    Float "FLOAT" Native,
    Inet "INET" Native,
    Int "INT" Native,
    Smallint "SMALLINT" Native,
    Tinyint "TINYINT" Native,
    Text "TEXT" Native,
    Uuid "UUID" Native,
    Varchar "VARCHAR" Native,
    Varint "VARINT" Native,
    Timeuuid "TIMEUUID" Native,
    Token "TOKEN" Reserved,
    Writetime "WRITETIME" Column,
    Maxwritetime "MAXWRITETIME" Column,
    Date "DATE" Native,
    Time "TIME" Native,
    Null "NULL" Reserved,
    Not "NOT" Reserved,
    Exists "EXISTS" Basic,
    Map "MAP" Basic,
    List "LIST" Basic,
    NaN "NAN" Reserved,
    Infinity "INFINITY" Reserved,
    Tuple "TUPLE" Basic,
    Trigger "TRIGGER" Basic,
    Static "STATIC" Basic,
    Frozen "FROZEN" Basic,
    Function "FUNCTION" Basic,
    Functions "FUNCTIONS" Basic,
    Aggregate "AGGREGATE" Basic,
    Aggregates "AGGREGATES" Basic,
    Sfunc "SFUNC" Basic,
    Stype "STYPE" Basic,
    Finalfunc "FINALFUNC" Basic,
    Initcond "INITCOND" Basic,
    Returns "RETURNS" Basic,
    Called "CALLED" Basic,
    Input "INPUT" Basic,
    Language "LANGUAGE" Basic,
    Or "OR" Reserved,
    Replace "REPLACE" Basic,
    Json "JSON" Column,
    Default "DEFAULT" Basic,
    Unset "UNSET" Basic,
    Like "LIKE" Basic,
    Masked "MASKED" Basic,
    Unmask "UNMASK" Basic,
    SelectMasked "SELECT_MASKED" Basic,
    Vector "VECTOR" Basic,
    Ann "ANN" Basic,
    True "TRUE" Reserved,
    False "FALSE" Reserved,
}

impl Keyword {
    /// The keyword that the word spells, in whatever case.
    pub fn of(word: &str) -> Option<Self> {
        Self::of_bytes(word.as_bytes())
    }

    /// The same for a word that consists of ASCII letters, digits and underscores.
    pub(super) fn of_bytes(word: &[u8]) -> Option<Self> {
        if word.len() > LONGEST || word.len() < 2 {
            return None;
        }
        let packed = pack(word);
        let mut slot = hash(packed);
        loop {
            let (spelling, keyword) = TABLE[slot]?;
            if spelling == packed {
                return Some(keyword);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// Whether it can be no identifier unless quoted.
    pub fn is_reserved(self) -> bool {
        matches!(self.usage(), Use::Reserved)
    }

    /// Whether it may name a function without quotes (`unreserved_function_keyword`, TOKEN and COUNT).
    pub fn may_name_function(self) -> bool {
        matches!(self.usage(), Use::Basic | Use::Native) || matches!(self, Self::Token | Self::Count)
    }

    /// Whether it may name a user-defined type without quotes.
    pub fn may_name_type(self) -> bool {
        matches!(self.usage(), Use::Basic | Use::ColumnOrType)
    }
}

/// The longest spelling in bytes.
const LONGEST: usize = 14;
/// The slots of the hash table: a power of two, more than twice the spellings.
const SLOTS: usize = 512;

/// Open addressing with linear probing, filled at compile time.
static TABLE: [Option<(u128, Keyword)>; SLOTS] = {
    let mut table = [None; SLOTS];
    let mut index = 0;
    while index < SPELLINGS.len() {
        let (spelling, keyword) = SPELLINGS[index];
        let packed = pack_const(spelling.as_bytes());
        let mut slot = hash(packed);
        while table[slot].is_some() {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = Some((packed, keyword));
        index += 1;
    }
    table
};

/// The bit that makes an ASCII letter lower case, in every byte. It keeps letters, digits and the underscore apart.
const LOWER: u128 = 0x2020_2020_2020_2020_2020_2020_2020_2020;

fn pack(word: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes[..word.len()].copy_from_slice(word);
    u128::from_le_bytes(bytes) | LOWER
}

const fn pack_const(word: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let mut index = 0;
    while index < word.len() {
        bytes[index] = word[index];
        index += 1;
    }
    u128::from_le_bytes(bytes) | LOWER
}

const fn hash(packed: u128) -> usize {
    let folded = (packed as u64) ^ ((packed >> 64) as u64).rotate_left(29);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found_in_any_case() {
        for keyword in Keyword::ALL {
            for spelling in keyword.spellings() {
                assert_eq!(Keyword::of(spelling), Some(*keyword));
                assert_eq!(Keyword::of(&spelling.to_ascii_lowercase()), Some(*keyword));
            }
        }
    }

    #[test]
    fn other_words_are_no_keywords() {
        for word in
            ["", "s", "selec", "selects", "materializedview", "a_word_that_is_much_longer_than_any", "é", "ſelect"]
        {
            assert_eq!(Keyword::of(word), None, "{word}");
        }
    }
}
