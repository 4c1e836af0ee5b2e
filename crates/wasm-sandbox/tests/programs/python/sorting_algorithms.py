import random


def quick(items):
    if len(items) < 2:
        return items
    pivot, *rest = items
    return quick([x for x in rest if x < pivot]) + [pivot] + quick([x for x in rest if x >= pivot])


def merge(items):
    if len(items) < 2:
        return items
    middle = len(items) // 2
    left, right, result = merge(items[:middle]), merge(items[middle:]), []
    while left and right:
        result.append((left if left[0] <= right[0] else right).pop(0))
    return result + left + right


def heap(items):
    items = list(items)

    def sift(root, end):
        while (child := 2 * root + 1) < end:
            if child + 1 < end and items[child] < items[child + 1]:
                child += 1
            if items[root] >= items[child]:
                return
            items[root], items[child] = items[child], items[root]
            root = child

    for root in reversed(range(len(items) // 2)):
        sift(root, len(items))
    for end in reversed(range(1, len(items))):
        items[0], items[end] = items[end], items[0]
        sift(0, end)
    return items


random.seed(42)
numbers = [random.randint(-1000, 1000) for _ in range(2000)]
for sort in (quick, merge, heap):
    print(sort.__name__, sort(numbers) == sorted(numbers))
print(numbers[:5], random.sample(range(100), 3), random.choice("abc"), round(random.gauss(0, 1), 6))
random.shuffle(numbers)
print(numbers[:3], random.choices(["a", "b"], weights=[1, 9], k=5))
