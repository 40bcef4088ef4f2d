module stratus.test/pause

go 1.26
