//! The syntax tree of a CQL statement.
//!
//! It says what was written, not what it means: names are not resolved, constants not converted. Whatever Cassandra's own
//! parser drops is dropped here as well (parentheses around a relation, a second comma in a list of columns, the form in
//! which a string was quoted); the order of everything that is kept is the order of the text.

mod describe;
mod modification;
mod name;
mod property;
mod relation;
mod role;
mod schema;
mod select;
mod statement;
mod term;
mod types;
mod visit;

pub use describe::{Describe, DescribeTarget};
pub use modification::{
    Assignment, Batch, BatchKind, ColumnAssignment, Condition, ConditionTest, Delete, Deletion, If, Insert,
    InsertSource, JsonDefault, Modification, Subscript, Update, Using,
};
pub use name::{Name, QualifiedName, RoleName};
pub(in crate::cql) use name::{is_plain_role, unquote};
pub use property::{Properties, Property, PropertyValue};
pub use relation::{InValues, Operator, Relation};
pub use role::{
    Access, AddIdentity, AlterRole, AlterUser, CreateRole, CreateUser, DropIdentity, DropRole, DropUser, Grant,
    GrantRole, ListPermissions, ListRoles, Password, Permission, Permissions, Resource, Revoke, RevokeRole, RoleOption,
};
pub use schema::{
    AlterKeyspace, AlterTable, AlterTableAction, AlterType, AlterTypeAction, AlterView, ColumnDefinition,
    CreateAggregate, CreateFunction, CreateIndex, CreateKeyspace, CreateTable, CreateTrigger, CreateType, CreateView,
    DropAggregate, DropFunction, DropIndex, DropKeyspace, DropTable, DropTrigger, DropType, DropView, IndexTarget,
    Mask, PrimaryKey, TableItem, TableOption,
};
pub use select::{Direction, Ordering, OrderingKey, Select, Selected, Selection, Selector, WritetimeKind};
pub use statement::Statement;
pub use term::{Arithmetic, ArithmeticOperator, Constant, FunctionCall, Marker, Term};
pub use types::{NativeType, Type};
pub use visit::{Node, NodeMut};
