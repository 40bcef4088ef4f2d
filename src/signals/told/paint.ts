/** What in a sentence tells most; whoever shows it knows how that looks. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan';
export type Paint = (style: Style, text: string) => string;

/** Words alone. */
export const unpainted: Paint = (_style, text) => text;
