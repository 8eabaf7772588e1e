package trends

import (
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
)

// maxPattern is where patterns end: a message that was cut ends a little earlier or later, as its digits were many or few.
const maxPattern = 160

// uuidSize is how long a UUID is as text.
const uuidSize = 36

// Pattern is a message without what tells one failure from another of the same cause: # stands for each number, id and quotation.
func Pattern(message string) string {
	p := pattern{make([]byte, 0, min(len(message), maxPattern))}
	for i := 0; i < len(message) && len(p.text) < maxPattern; {
		end := i + 1
		switch c := message[i]; {
		case opens(message, i):
			end = closed(message, i)
			p.mark()
		case isUUID(message, i):
			end = i + uuidSize
			p.mark()
		case wordy(c):
			for end < len(message) && wordy(message[end]) {
				end++
			}
			p.word(message[i:end])
		case (c == '.' || c == ':' || c == ',') && p.marked() && end < len(message) && digit(message[end]):
			// 1.5 and 10.0.0.1:5672 are one number
		default:
			p.text = append(p.text, c)
		}
		i = end
	}
	return string(p.text)
}

// pattern is one that is being written.
type pattern struct{ text []byte }

func (p *pattern) marked() bool { return len(p.text) > 0 && p.text[len(p.text)-1] == '#' }

func (p *pattern) mark() {
	if !p.marked() {
		p.text = append(p.text, '#')
	}
}

// word writes a word: a mark for one that is an id, and for each number in another.
func (p *pattern) word(word string) {
	if isID(word) {
		p.mark()
		return
	}
	for i := range len(word) {
		if digit(word[i]) {
			p.mark()
		} else {
			p.text = append(p.text, word[i])
		}
	}
}

// isID tells whether a word is hexadecimal with digits in it, or long and a mixture of letters and digits.
func isID(word string) bool {
	digits, hexadecimal := 0, 0
	for i := range len(word) {
		if digit(word[i]) {
			digits++
		}
		if c := word[i] | 0x20; digit(word[i]) || c >= 'a' && c <= 'f' {
			hexadecimal++
		}
	}
	return digits > 0 && len(word) >= 4 && (hexadecimal == len(word) || len(word) >= 16 && digits >= 4)
}

// isUUID tells whether a UUID begins at i: parts of it may look like words.
func isUUID(s string, i int) bool {
	return len(s)-i >= uuidSize && s[i+8] == '-' && contracts.ValidMissionID(strings.ToLower(s[i:i+uuidSize]))
}

// opens tells whether a quotation begins at i. An apostrophe within a word is none.
func opens(s string, i int) bool {
	switch s[i] {
	case '"', '`':
		return true
	case '\'':
		return i == 0 || !wordy(s[i-1])
	}
	return false
}

// closed returns where the quotation that begins at i is over: behind the same mark, or at the end of what was cut.
func closed(s string, i int) int {
	for j := i + 1; j < len(s); j++ {
		switch {
		case s[j] == '\\':
			j++
		case s[j] == s[i] && (s[i] != '\'' || j+1 == len(s) || !wordy(s[j+1])):
			return j + 1
		}
	}
	return len(s)
}

// wordy tells what words are made of.
func wordy(c byte) bool { return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }
