//! Cassandra's jars, resolved once from Maven Central; and the Java that runs them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workdir;

/// The version of Apache Cassandra that is run.
pub const VERSION: &str = "5.0.6";

const JAVA_MISSING: &str = "Java 17 is missing: install it (Debian: apt-get install openjdk-17-jre-headless)";
const MAVEN_MISSING: &str = "Maven is missing: install it (Debian: apt-get install maven)";

/// The folder of Cassandra's jars, downloaded by Maven unless an earlier run did.
///
/// # Errors
/// One line that says what to install if Maven is absent.
pub fn resolve() -> Result<PathBuf> {
    workdir::once(&format!("cassandra-{VERSION}"), |dir| {
        fs::write(
            dir.join("pom.xml"),
            format!(
                r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>quorate</groupId><artifactId>cassandra-jars</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"#
            ),
        )?;
        let status = Command::new("mvn")
            .args(["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=."])
            .current_dir(dir)
            .status()
            .context(MAVEN_MISSING)?;
        if !status.success() {
            bail!("Maven could not resolve cassandra-all {VERSION}");
        }
        Ok(())
    })
}

/// The Java 17 to run: of `CASSANDRA_JAVA`, of `JAVA_HOME`, or the first in the path.
///
/// # Errors
/// One line that says what to install if it is absent or of another version, which Cassandra 5.0 does not run on.
pub fn java() -> Result<PathBuf> {
    let java = std::env::var_os("CASSANDRA_JAVA")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java")))
        .unwrap_or_else(|| PathBuf::from("java"));
    let output = Command::new(&java).arg("-version").output().context(JAVA_MISSING)?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if !told.contains("version \"17.") {
        let found = told.lines().next().unwrap_or("nothing");
        bail!("{JAVA_MISSING}; {} says {found}", java.display());
    }
    Ok(java)
}
