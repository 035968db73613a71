"""A server in memory for all tests of a run, and a session in a keyspace of its own for each test."""

import os
import subprocess
import uuid

import pytest
from cassandra.cluster import Cluster


@pytest.fixture(scope="session")
def server():
    command = [os.environ.get("QUORATE", "quorate"), "serve", "--in-memory", "--port", "0", "--print-address"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    host, port = process.stdout.readline().strip().rsplit(":", 1)
    yield host, int(port)
    process.terminate()
    process.wait()


@pytest.fixture
def session(server):
    host, port = server
    with Cluster([host], port=port) as cluster:
        session = cluster.connect()
        keyspace = f"test_{uuid.uuid4().hex}"
        session.execute(
            f"CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
        session.set_keyspace(keyspace)
        yield session
