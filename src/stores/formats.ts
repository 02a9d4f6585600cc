/** The formats that the page can offer: light descriptors, whose readers and writers stay behind import(). */
export { FORMATS } from '#formats/index';
