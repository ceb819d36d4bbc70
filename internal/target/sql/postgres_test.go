package sql_test

import "roleos/internal/target/targettest"

func postgresScenario() targettest.Scenario { return targettest.Scenario{} }
