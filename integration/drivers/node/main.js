'use strict';
// Runs every check against HOST PORT [VOTERS], for each protocol version of the driver (it has no compression).
// Prints one line per check; the exit status is 1 if any failed.

const { Client, types } = require('cassandra-driver');
const checks = require('./checks');

const [host, port, voters = '1'] = process.argv.slice(2);

async function connect(version, keyspace) {
  const probe = new Client(options(version));
  await probe.connect();
  const row = (await probe.execute('SELECT data_center FROM system.local')).first();
  await probe.shutdown();
  const client = new Client({ ...options(version, row.data_center), keyspace });
  await client.connect();
  return client;
}

function options(version, datacenter) {
  const { loadBalancing } = require('cassandra-driver').policies;
  return {
    contactPoints: [`${host}:${port}`],
    localDataCenter: datacenter,
    policies: datacenter ? {} : { loadBalancing: new loadBalancing.RoundRobinPolicy() },
    protocolOptions: { maxVersion: version, port: Number(port) },
    socketOptions: { readTimeout: 30000, connectTimeout: 20000 },
    pooling: { maxRequestsPerConnection: 8192 },
    queryOptions: { consistency: types.consistencies.quorum, prepare: true },
    refreshSchemaDelay: 50,
  };
}

async function main() {
  let failed = 0;
  for (const version of [3, 4]) {
    const keyspace = `node_v${version}`;
    const admin = await connect(version);
    const direct = { prepare: false };
    await admin.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`, [], direct);
    await admin.execute(
      `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`, [], direct);
    const client = await connect(version, keyspace);
    const server = { client, keyspace, version, voters: Number(voters), another: () => connect(version, keyspace) };
    for (const [name, check] of Object.entries(checks)) {
      try {
        await check(server);
        console.log(`ok v${version} ${name}`);
      } catch (error) {
        failed++;
        console.log(`FAILED v${version} ${name}: ${error.stack}`);
      }
    }
    await admin.execute(`DROP KEYSPACE ${keyspace}`, [], direct);
    await Promise.all([client.shutdown(), admin.shutdown()]);
  }
  console.log(`${failed} checks failed`);
  process.exitCode = failed ? 1 : 0;
}

main().catch((error) => {
  console.log(`FAILED ${error.stack}`);
  process.exitCode = 1;
});
