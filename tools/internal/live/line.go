package live

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// Style is how a text looks.
type Style string

// The styles, as terminals know them.
const (
	Plain Style = ""
	Bold  Style = "\x1b[1m"
	Dim   Style = "\x1b[2m"
	Good  Style = "\x1b[32m"
	Bad   Style = "\x1b[31m"
	Warn  Style = "\x1b[33m"
	Busy  Style = "\x1b[36m"
)

const plainAgain = "\x1b[0m"

// Span is a text in one style.
type Span struct {
	Text  string
	Style Style
}

// Line is one line of the screen.
type Line []Span

// say adds a text.
func (l Line) say(style Style, text string) Line { return append(l, Span{text, style}) }

// column adds a text in a column of its own, cut or filled up to the width, and a gap.
func (l Line) column(style Style, text string, width int) Line {
	return append(l, Span{runewidth.FillRight(cut(text, width), width) + " ", style})
}

// Width is how many cells a terminal gives the line.
func (l Line) Width() int {
	n := 0
	for _, s := range l {
		n += runewidth.StringWidth(s.Text)
	}
	return n
}

// Palette is whether styles are shown.
type Palette int

// The palettes.
const (
	Coloured Palette = iota
	Uncoloured
)

// Render writes what fits in so many cells.
func (l Line) Render(width int, p Palette) string {
	var b strings.Builder
	for _, s := range l {
		text := cut(s.Text, width)
		width -= runewidth.StringWidth(text)
		if s.Style == Plain || p == Uncoloured || text == "" {
			b.WriteString(text)
			continue
		}
		b.WriteString(string(s.Style) + text + plainAgain)
	}
	return b.String()
}

// cut is cliout.Cut in cells.
func cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	return runewidth.Truncate(s, width, "…")
}

// flow puts pieces on as many lines as they need, all but the first indented. Where they need more than there may be, the last
// line ends in a mark.
func flow(head string, pieces []Line, width, most int) []Line {
	indent := strings.Repeat(" ", runewidth.StringWidth(head))
	lines := []Line{{{head, Dim}}}
	for _, p := range pieces {
		last := &lines[len(lines)-1]
		if len(*last) > 1 && last.Width()+p.Width() > width {
			if len(lines) == most {
				*last = last.say(Dim, "…")
				return lines
			}
			lines = append(lines, Line{{indent, Plain}})
			last = &lines[len(lines)-1]
		}
		*last = append(append(*last, p...), Span{"  ", Plain})
	}
	return lines
}
