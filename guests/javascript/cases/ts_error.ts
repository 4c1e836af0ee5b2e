interface Order {
    id: number;
}

enum State { Open }

const first = (orders: Order[]): Order => {
    if (orders.length === 0) {
        throw new RangeError("no orders" satisfies string);
    }
    return orders[0]!;
};

function outer<T>(value: T): Order {
    return first([] as Order[]);
}

outer<State>(State.Open);
