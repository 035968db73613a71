'use strict';
// What a client of the Node driver relies on; the checks run in this order, in one keyspace.

const assert = require('node:assert/strict');
const { setTimeout: pause } = require('node:timers/promises');
const { concurrent, types } = require('cassandra-driver');

const { responseErrorCodes: codes, consistencies } = types;
const simple = { prepare: false };

module.exports = {
  async 'connects'({ client, version }) {
    assert.equal(client.controlConnection.protocolVersion, version);
    const row = (await client.execute('SELECT count(*) FROM system.peers')).first();
    assert.ok(row.count.toNumber() >= 0);
  },

  async 'schema'({ client, keyspace }) {
    await client.execute('CREATE TABLE plain (k int, c text, v text, PRIMARY KEY (k, c))', [], simple);
    const table = await client.metadata.getTable(keyspace, 'plain');
    assert.deepEqual(table.partitionKeys.map((column) => column.name), ['k']);
  },

  async 'simple and prepared statements'({ client, version }) {
    await client.execute('INSERT INTO plain (k, c, v) VALUES (?, ?, ?)', [1, 'a', "it's"]);
    const select = 'SELECT v FROM plain WHERE k = :k AND c = :c';
    assert.equal((await client.execute(select, { k: 1, c: 'a' })).first().v, "it's");
    const hinted = await client.execute('SELECT v FROM plain WHERE k = ?', [1], { prepare: false, hints: ['int'] });
    assert.equal(hinted.first().v, "it's");
    if (version > 3) {
      await client.execute('INSERT INTO plain (k, c, v) VALUES (?, ?, ?)', [1, 'a', types.unset]);
      assert.equal((await client.execute(select, { k: 1, c: 'a' })).first().v, "it's");
    }
  },

  async 'batches'({ client }) {
    for (const logged of [true, false]) {
      await client.batch([
        { query: 'INSERT INTO plain (k, c, v) VALUES (?, ?, ?)', params: [3, 'a', String(logged)] },
        { query: 'INSERT INTO plain (k, c, v) VALUES (?, ?, ?)', params: [4, 'a', String(logged)] },
      ], { prepare: true, logged });
      const { rows } = await client.execute('SELECT v FROM plain WHERE k IN (3, 4)');
      assert.deepEqual(rows.map((row) => row.v), [String(logged), String(logged)]);
    }
  },

  async 'paging'({ client }) {
    const names = Array.from({ length: 100 }, (_, number) => [String(number).padStart(3, '0')]);
    await concurrent.executeConcurrent(client, "INSERT INTO plain (k, c, v) VALUES (7, ?, 'page')", names);
    const query = 'SELECT c FROM plain WHERE k = 7';
    const seen = [];
    for await (const row of client.stream(query, [], { prepare: true, autoPage: true, fetchSize: 7 })) {
      seen.push([row.c]);
    }
    assert.deepEqual(seen, names);
    const first = await client.execute(query, [], { fetchSize: 30 });
    const rest = await client.execute(query, [], { fetchSize: 5000, pageState: first.pageState });
    assert.equal(rest.rows.length, 70);
  },

  async 'native types'({ client, version }) {
    if (version < 4) return; // there the driver takes date, time, smallint, tinyint and duration for custom types
    const values = {
      ascii: 'plain', bigint: types.Long.MIN_VALUE, blob: Buffer.from([0, 255]), boolean: true, date: types.LocalDate.fromString('1969-12-31'),
      decimal: types.BigDecimal.fromString('-1.230'), double: 1e300, duration: new types.Duration(1, 2, 3),
      float: 0.5, inet: types.InetAddress.fromString('::1'), int: -1, smallint: -32768, text: 'żółw 🐢',
      time: types.LocalTime.fromString('23:59:59.999999999'), timestamp: new Date(-1), timeuuid: types.TimeUuid.now(),
      tinyint: -128, uuid: types.Uuid.random(), varint: types.Integer.fromString('-123456789012345678901234567890'),
    };
    const kinds = Object.keys(values);
    await client.execute(`CREATE TABLE natives (k int PRIMARY KEY, ${kinds.map((kind) => `c_${kind} ${kind}`).join(', ')})`, [], simple);
    const columns = kinds.map((kind) => `c_${kind}`).join(', ');
    await client.execute(`INSERT INTO natives (k, ${columns}) VALUES (1, ${kinds.map(() => '?').join(', ')})`, Object.values(values));
    const row = (await client.execute('SELECT * FROM natives WHERE k = 1')).first();
    for (const kind of kinds) {
      assert.deepEqual(String(row[`c_${kind}`]), String(values[kind]), kind);
    }
  },

  async 'nested types'({ client }) {
    await client.execute('CREATE TYPE address (street text, numbers frozen<list<int>>)', [], simple);
    await client.execute('CREATE TABLE nested (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, frozen<list<int>>>, '
      + 't tuple<int, text>, u frozen<address>, e vector<float, 3>)', [], simple);
    const values = [[3, 1], ['a'], { x: [1, 2] }, new types.Tuple(1, 'b'), { street: 'Road', numbers: [1, 2] },
      new types.Vector([0.5, -1, 2], 'float')];
    await client.execute('INSERT INTO nested (k, l, s, m, t, u, e) VALUES (1, ?, ?, ?, ?, ?, ?)', values);
    const row = (await client.execute('SELECT * FROM nested WHERE k = 1')).first();
    assert.deepEqual([row.l, row.s, row.m], [[3, 1], ['a'], { x: [1, 2] }]);
    assert.deepEqual(row.t.values(), [1, 'b']);
    assert.equal(row.u.street, 'Road');
    assert.deepEqual(Array.from(row.e), [0.5, -1, 2]);
  },

  async 'errors'({ client, keyspace }) {
    await rejectsWith(codes.invalid, client.execute('SELECT * FROM absent'));
    await rejectsWith(codes.syntaxError, client.execute('SELEC * FROM plain'));
    const exists = await rejectsWith(codes.alreadyExists, client.execute('CREATE TABLE plain (k int PRIMARY KEY)', [], simple));
    assert.deepEqual([exists.keyspace, exists.table], [keyspace, 'plain']);
  },

  async 'unavailable'({ client, voters }) {
    const three = client.execute("INSERT INTO plain (k, c) VALUES (9, 'a')", [], { consistency: consistencies.three });
    if (voters > 1) {
      await three;
    } else {
      const error = await rejectsWith(codes.unavailableException, three);
      assert.deepEqual([error.required, error.alive], [3, 1]);
    }
  },

  async 'conditions'({ client, voters }) {
    const insert = "INSERT INTO plain (k, c, v) VALUES (8, 'a', 'first') IF NOT EXISTS";
    if (voters > 1) {
      await rejectsWith(codes.invalid, client.execute(insert));
    } else {
      assert.ok((await client.execute(insert)).wasApplied());
      assert.ok(!(await client.execute(insert)).wasApplied());
    }
  },

  async 'describe'({ client, keyspace }) {
    const row = (await client.execute(`DESCRIBE TABLE ${keyspace}.plain`, [], simple)).first();
    assert.ok(row.create_statement.startsWith(`CREATE TABLE ${keyspace}.plain`));
  },

  async 'tracing'({ client }) {
    const result = await client.execute('SELECT * FROM plain WHERE k = 1', [], { traceQuery: true });
    const trace = await eventually(() => client.metadata.getTrace(result.info.traceId));
    assert.ok(trace.events.length > 0);
  },

  async 'warnings and custom payload'({ client, version }) {
    if (version < 4) return;
    await client.execute('SELECT * FROM plain WHERE k = 1', [], { customPayload: { key: Buffer.from([1]) } });
    const many = Array.from({ length: 40 }, (_, number) => `INSERT INTO plain (k, c) VALUES (${100 + number}, 'a');`).join(' ');
    const result = await client.execute(`BEGIN UNLOGGED BATCH ${many} APPLY BATCH`, [], simple);
    assert.equal(result.info.warnings.length, 1);
  },

  async 'schema events'({ client, keyspace, another }) {
    const other = await another();
    await client.execute('CREATE TABLE announced (k int PRIMARY KEY)', [], simple);
    await eventually(async () => assert.ok(await other.metadata.getTable(keyspace, 'announced')));
    await other.shutdown();
  },

  async 'thousands in flight'({ client }) {
    const keys = Array.from({ length: 2000 }, (_, number) => 1000 + number);
    await Promise.all(keys.map((key) => client.execute("INSERT INTO plain (k, c, v) VALUES (?, 'many', ?)", [key, String(key)])));
    const select = "SELECT v FROM plain WHERE k = ? AND c = 'many'";
    const results = await Promise.all(keys.map((key) => client.execute(select, [key])));
    assert.deepEqual(results.map((result) => result.first().v), keys.map(String));
  },
};

async function rejectsWith(code, promise) {
  try {
    await promise;
  } catch (error) {
    // What no other host could answer either comes wrapped.
    const cause = error.innerErrors ? Object.values(error.innerErrors)[0] : error;
    assert.equal(cause.code, code, String(cause));
    return cause;
  }
  return assert.fail(`no error 0x${code.toString(16)}`);
}

async function eventually(attempt) {
  const deadline = Date.now() + 15000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(100);
    }
  }
}
