package release

import (
	"fmt"
	"strings"
)

// unreleased is the heading of what has no version yet.
const unreleased = "Unreleased"

// section is one "## " heading of a CHANGELOG and the list below it.
type section struct {
	title string   // Unreleased or a version, without brackets and date
	items []string // the first line of each item, without its dash
}

// parseChangelog reads the sections of a CHANGELOG: "## Unreleased", "## v0.1.0", "## [v0.1.0] - 2026-03-01".
func parseChangelog(text string) []section {
	var sections []section
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			title, _, _ := strings.Cut(strings.TrimSpace(heading), " ")
			sections = append(sections, section{title: strings.Trim(title, "[]")})
			continue
		}
		if item, ok := strings.CutPrefix(line, "- "); ok && len(sections) > 0 {
			last := &sections[len(sections)-1]
			last.items = append(last.items, item)
		}
	}
	return sections
}

// checkChangelog returns the section of a version. It must be the first one with lines: on main, Unreleased was renamed to the
// version before the release, so that main knows what was released and the next version starts empty.
func checkChangelog(text, version string) (section, error) {
	rename := fmt.Sprintf("rename %q to %q on main, commit, and release then", "## "+unreleased, "## "+version)
	for _, s := range parseChangelog(text) {
		switch {
		case s.title == unreleased && len(s.items) > 0:
			return section{}, fmt.Errorf("its CHANGELOG.md has lines under %q: %s", "## "+unreleased, rename)
		case s.title == unreleased:
			continue
		case s.title != version:
			return section{}, fmt.Errorf("the newest version in its CHANGELOG.md is %s: add a section %q above it, on main",
				s.title, "## "+version)
		case len(s.items) == 0:
			return section{}, fmt.Errorf("the section %s of its CHANGELOG.md has no line: say what its users see", version)
		default:
			return s, nil
		}
	}
	return section{}, fmt.Errorf("its CHANGELOG.md has no section %q: %s", "## "+version, rename)
}

// NameUnreleased returns a CHANGELOG in which what is unreleased has become a version: what a person does on main before a
// release.
func NameUnreleased(text, version string) string {
	for _, heading := range []string{"## [" + unreleased + "]", "## " + unreleased} {
		if before, after, found := strings.Cut(text, heading); found {
			return before + "## " + version + after
		}
	}
	return text
}

// tellsOfABreak says whether the section has a line for users whose code no longer compiles.
func (s section) tellsOfABreak() bool {
	for _, item := range s.items {
		if strings.HasPrefix(item, "Breaking: ") {
			return true
		}
	}
	return false
}
