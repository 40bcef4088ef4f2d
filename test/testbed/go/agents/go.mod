module stratus.test/agents

go 1.26
