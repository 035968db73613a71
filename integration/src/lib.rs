//! Real Cassandra, real drivers, chaos and benchmarks around the quorate binary.
