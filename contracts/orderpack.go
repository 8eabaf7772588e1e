package contracts

// OrderPack is some orders in one message, of one queue: a broker and its clients pay for each message. Each stands in it as
// it would stand alone, and is claimed by itself. It is sent only to soldiers that say they read it (Renewal.Packs).
type OrderPack struct {
	Header
	Orders []Order `json:"orders"`
}

// MaxPackedOrders bounds an OrderPack.
const MaxPackedOrders = 8

// NewOrderPack returns a pack of orders.
func NewOrderPack(orders ...Order) OrderPack {
	return OrderPack{Header: header(TypeOrders), Orders: orders}
}

// Encode returns the pack as JSON.
func (p OrderPack) Encode() ([]byte, error) {
	w := newWriter(p.room())
	if w.orderPack(&p); w.bad {
		return encode(p)
	}
	return w.b, nil
}

// DecodeOrderPack reads a pack. It fails with ErrMalformed, ErrUnknownType or ErrUnsupportedVersion, as a whole.
func DecodeOrderPack(body []byte) (OrderPack, error) {
	var p OrderPack
	if !quickly(body, func(r *reader) { r.orderPack(&p) }) || p.Header.check(TypeOrders) != nil {
		p = OrderPack{}
		if err := decode(body, TypeOrders, &p); err != nil {
			return OrderPack{}, err
		}
	}
	if n := len(p.Orders); n == 0 || n > MaxPackedOrders {
		return OrderPack{}, malformed("%d orders, must be 1 to %d", n, MaxPackedOrders)
	}
	for i := range p.Orders {
		o := &p.Orders[i]
		if err := o.Header.check(TypeOrder); err != nil {
			return OrderPack{}, malformed("orders[%d]: %v", i, err)
		}
		if err := o.sound(); err != nil {
			return OrderPack{}, malformed("orders[%d]: %v", i, err)
		}
	}
	return p, nil
}

// DecodeOrders reads what lies in an orders queue: an order or a pack of them. It fails as their decoders do.
func DecodeOrders(body []byte) ([]Order, error) {
	if h, err := PeekHeader(body); err == nil && h.Type == TypeOrders {
		p, err := DecodeOrderPack(body)
		return p.Orders, err
	}
	o, err := DecodeOrder(body)
	if err != nil {
		return nil, err
	}
	return []Order{o}, nil
}
