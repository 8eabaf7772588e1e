package apidocs

import (
	"html/template"
	"strings"
)

// markdown turns the little Markdown of the contract into HTML: blocks apart by an empty line are paragraphs, lists (of
// lines with `- `) or tables; within them `code` and **bold**.
func markdown(text string) template.HTML {
	var b strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if block = strings.TrimSpace(block); block == "" {
			continue
		}
		lines := strings.Split(block, "\n")
		switch {
		case strings.HasPrefix(block, "|"):
			table(&b, lines)
		case strings.HasPrefix(block, "- "):
			list(&b, lines)
		default:
			b.WriteString("<p>" + inline(strings.Join(lines, " ")) + "</p>\n")
		}
	}
	return template.HTML(b.String()) //nolint:gosec // inline escapes all text
}

func table(b *strings.Builder, lines []string) {
	b.WriteString(`<div class="wide"><table>` + "\n")
	for i, line := range lines {
		cells := cellsOf(line)
		if i == 1 && strings.Trim(strings.Join(cells, ""), "-: ") == "" {
			continue // it only says that the first line is a head
		}
		tag := "td"
		if i == 0 {
			tag = "th"
		}
		b.WriteString("<tr>")
		for _, cell := range cells {
			b.WriteString("<" + tag + ">" + inline(strings.TrimSpace(cell)) + "</" + tag + ">")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table></div>\n")
}

func cellsOf(line string) []string {
	return strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
}

// list has an item for each line that begins with `- `; other lines go on with the item before.
func list(b *strings.Builder, lines []string) {
	var items []string
	for _, line := range lines {
		if item, begins := strings.CutPrefix(line, "- "); begins {
			items = append(items, item)
		} else {
			items[len(items)-1] += " " + strings.TrimSpace(line)
		}
	}
	b.WriteString("<ul>\n")
	for _, item := range items {
		b.WriteString("<li>" + inline(item) + "</li>\n")
	}
	b.WriteString("</ul>\n")
}

// inline escapes text and marks code and what is bold. A mark without its other half stays as it is written.
func inline(text string) string {
	var b strings.Builder
	for text != "" {
		mark, tag := "", ""
		at := strings.IndexAny(text, "`*")
		if at >= 0 {
			switch {
			case text[at] == '`':
				mark, tag = "`", "code"
			case strings.HasPrefix(text[at:], "**"):
				mark, tag = "**", "strong"
			}
		}
		end := -1
		if mark != "" {
			end = strings.Index(text[at+len(mark):], mark)
		}
		if end < 0 {
			n := len(text)
			if at >= 0 {
				n = at + max(1, len(mark))
			}
			b.WriteString(template.HTMLEscapeString(text[:n]))
			text = text[n:]
			continue
		}
		b.WriteString(template.HTMLEscapeString(text[:at]))
		within := text[at+len(mark) : at+len(mark)+end]
		b.WriteString("<" + tag + ">" + template.HTMLEscapeString(within) + "</" + tag + ">")
		text = text[at+2*len(mark)+end:]
	}
	return b.String()
}
