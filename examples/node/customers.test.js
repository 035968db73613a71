'use strict';
// A test against a server in memory.

const { spawn } = require('node:child_process');
const { after, before, test } = require('node:test');
const { createInterface } = require('node:readline');
const assert = require('node:assert');
const { Client } = require('cassandra-driver');

let server;
let client;

before(async () => {
  const program = process.env.QUORATE || 'quorate';
  const options = { stdio: ['ignore', 'pipe', 'inherit'] };
  server = spawn(program, ['serve', '--in-memory', '--port', '0', '--print-address'], options);
  const address = await new Promise((resolve) => createInterface(server.stdout).once('line', resolve));
  client = new Client({ contactPoints: [address], localDataCenter: 'datacenter1' });
  await client.connect();
});

after(async () => {
  await client.shutdown();
  server.kill();
});

test('a customer is found', async () => {
  await client.execute(
    "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  await client.execute('CREATE TABLE shop.customers (id int PRIMARY KEY, name text)');
  await client.execute('INSERT INTO shop.customers (id, name) VALUES (?, ?)', [1, 'Ann'], { prepare: true });
  const result = await client.execute('SELECT name FROM shop.customers WHERE id = ?', [1], { prepare: true });
  assert.strictEqual(result.first().name, 'Ann');
});
