export interface Document {
    title: string;
    text: string;
}

export interface Summary {
    title: string;
    words: number;
    longest: string;
}

/** Says how many words a document has, and which is the longest. */
export function summarize(document: Document): Summary {
    const words = document.text.split(/\s+/).filter(Boolean);
    console.error(`info: ${words.length} words`);
    const longest = words.reduce((longest, word) => (word.length > longest.length ? word : longest), "");
    return { title: document.title, words: words.length, longest };
}
