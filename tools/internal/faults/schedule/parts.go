package schedule

import "strings"

// The parts of the stack.
const (
	Redis      = "redis"
	RabbitMQ   = "rabbitmq"
	CommanderA = "commander-a"
	CommanderB = "commander-b"
)

// Commanders, Soldiers and Servers list the parts.
func Commanders() []string { return []string{CommanderA, CommanderB} }

// Soldiers list the soldiers, whose names are their ids, too.
func Soldiers() []string { return []string{"soldier-1", "soldier-2", "soldier-3"} }

// Servers list RabbitMQ and Redis.
func Servers() []string { return []string{RabbitMQ, Redis} }

// Parts list all parts in the order in which they are started.
func Parts() []string { return append(append(Servers(), Commanders()...), Soldiers()...) }

// Link names the way of one part to another.
func Link(from, to string) string { return from + ">" + to }

// Ends returns the two parts of a link.
func Ends(link string) (from, to string) {
	from, to, _ = strings.Cut(link, ">")
	return from, to
}

// Links list every link of the stack.
func Links() []string {
	var links []string
	for _, c := range Commanders() {
		links = append(links, Link(c, Redis), Link(c, RabbitMQ))
	}
	for _, s := range Soldiers() {
		links = append(links, LinksOf(s)...)
	}
	return links
}

// LinksOf list the links of a soldier.
func LinksOf(soldier string) []string {
	links := []string{Link(soldier, RabbitMQ)}
	for _, c := range Commanders() {
		links = append(links, Link(soldier, c))
	}
	return links
}

// to lists the links that lead to a part.
func to(part string) []string {
	var links []string
	for _, l := range Links() {
		if _, end := Ends(l); end == part {
			links = append(links, l)
		}
	}
	return links
}
