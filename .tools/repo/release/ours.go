package release

// Ours returns what is particular to this repository's modules.
func Ours() Config {
	return Config{
		Assets: map[string]Assets{
			// main ignores the built web app; without it in the release, go install would give a server without pages.
			"dashboard": {
				Commands: [][]string{{"npm", "ci", "--no-audit", "--no-fund"}, {"npm", "run", "--silent", "build"}},
				Folder:   "dist",
				Entry:    "index.html",
			},
		},
		NotAlone: []string{"tools/e2e", "tools/faults"},
	}
}
